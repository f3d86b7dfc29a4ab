"""How a worker notices that its parent is gone, or wants no more of it.

The other end of the lifeline, a pipe, is the parent's for as long as it lives. A thread listens to
it, tidies up and ends the process. But a thread of Python does not run while C code holds the
interpreter, which may take for ever; so the kernel is asked to tell of the end, too.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Sequence

#: How often a worker looks whether its parent is still there, besides listening to the lifeline.
WATCH_SECONDS = 0.5


def hold(lifeline: int, parent: int, leftovers: Sequence[str]) -> None:
    """End this process when its parent ends or lets go of the lifeline.

    A child that the parent forked may hold the lifeline open, so its number is looked at too.

    Args:
        lifeline: a descriptor of the end that is read.
        parent: the number of the process.
        leftovers: directories to remove before.
    """
    threading.Thread(
        target=_watch, args=(lifeline, parent, leftovers), name="dataflow-lifeline", daemon=True
    ).start()
    if sys.platform == "linux":
        _have_the_kernel_tell(lifeline)


def _watch(lifeline: int, parent: int, leftovers: Sequence[str]) -> None:
    while True:
        readable, _, _ = select.select([lifeline], [], [], WATCH_SECONDS)
        if (readable and not os.read(lifeline, 1)) or os.getppid() != parent:
            for directory in leftovers:
                shutil.rmtree(directory, ignore_errors=True)
            os._exit(0)


def _have_the_kernel_tell(lifeline: int) -> None:
    """Have this process end one second after its lifeline does, without a line of Python (Linux).

    At the pipe's end the kernel sends SIGHUP, number 1, whose handler is libc's own
    `alarm(seconds)`: called with the signal's number, it sets an alarm for one second later, whose
    default is to end the process. Until then the thread has time to do it properly.
    """
    import fcntl  # which other systems may lack

    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(int(signal.SIGHUP), ctypes.cast(libc.alarm, ctypes.c_void_p))
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, int(signal.SIGHUP))
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
