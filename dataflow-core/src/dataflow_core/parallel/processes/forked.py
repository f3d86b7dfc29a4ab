"""Forks of this process, where somebody asks for them, behind the face of a `Popen`."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import BinaryIO

#: How often to look for the end of a process that was told to end.
LOOK_SECONDS = 0.005


class Forked:
    """A fork of this process that calls a function and ends.

    It begins at once and shares all memory until somebody writes to it, so that large objects
    need not travel; but what threads, CUDA or cv2 had in hand at that moment stays so for ever.

    Args:
        run: called in the fork, with standard input connected to `stdin`.

    Warns:
        RuntimeWarning: if other threads are alive, whose locks the fork might wait for.
    """

    def __init__(self, run: Callable[[], None]) -> None:
        main = threading.main_thread()
        others = ", ".join(each.name for each in threading.enumerate() if each is not main)
        if others:
            warnings.warn(
                f"forking while threads are alive ({others}) can hang the worker; use"
                ' start_method="fresh"',
                RuntimeWarning,
                stacklevel=2,
            )
        read_end, write_end = os.pipe()
        with warnings.catch_warnings():
            # Python's own warning of the same, from 3.12 on.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            os.close(write_end)
            os.dup2(read_end, 0)
            os.close(read_end)
            _run_and_end(run)
        os.close(read_end)
        self.stdin: BinaryIO | None = os.fdopen(write_end, "wb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None if the process runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: if it does not come in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = threading.Event()
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("fork", timeout or 0.0)
            pause.wait(LOOK_SECONDS)
        return code

    def kill(self) -> None:
        """Kill the process, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, 9)


def _run_and_end(run: Callable[[], None]) -> None:
    """Run in the fork, and end without what the parent has registered for its own end."""
    status = 1
    try:
        run()
        status = 0
    except BaseException:  # noqa: BLE001  nothing may return into the parent's code
        traceback.print_exc()
    finally:
        os._exit(status)
