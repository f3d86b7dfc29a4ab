"""Worker processes: fresh ones, neither forks of the user's nor importers of its `__main__`.

A worker is a new interpreter that runs a few lines of its own: it takes over the parent's
`sys.path`, imports the function it is to run, and calls it. What is defined in the user's
`__main__` gets there by value, in pickles made with cloudpickle, so that a script needs no
`if __name__ == "__main__":` guard, and threads, CUDA and cv2 in the parent do not matter.

The worker's standard input is its lifeline (see `lifeline`). Forks, on request, live by the same
rules.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]
from typing import Literal, TypeAlias

from dataflow_core.parallel.processes.forked import Forked
from dataflow_core.parallel.processes.lifeline import hold

StartMethod: TypeAlias = Literal["fresh", "fork"]

_BOOT = "from dataflow_core.parallel.processes.spawn import _run_worker; _run_worker()"
#: Ctrl-C reaches the whole process group; what to do about it is the parent's business.
_IGNORE = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
#: Finds this package in the new interpreter, which does not have the parent's sys.path yet; and
#: nothing in the current folder, where a file may have the name of a standard module.
_FIND = "import sys; sys.path[:] = sys.argv[1:] + [*filter(None, sys.path)]; del sys.argv[1:]; "

#: How long a worker that was told to stop may take to end by itself.
POLITE_SECONDS = 0.5

#: How long a worker may take to end once its lifeline is cut, before it is killed.
STOP_SECONDS = 2.0


class WorkerProcess:
    """A fresh interpreter that runs `target(arguments)`.

    Args:
        target: `"module:function"`; the function takes one dict, and is called in the main thread.
        arguments: what JSON can hold.
        leftovers: directories that the worker removes if this process ends before it does.
        descriptors: that the worker inherits, under the same numbers.
        start_method: "fresh", or "fork" for a fork of this process instead.

    Raises:
        OSError: if no process can be started.
    """

    def __init__(
        self,
        target: str,
        arguments: Mapping[str, object],
        leftovers: Sequence[str] = (),
        descriptors: Sequence[int] = (),
        start_method: StartMethod = "fresh",
    ) -> None:
        self._process = Forked(_run_worker) if start_method == "fork" else _fresh(descriptors)
        orders = {
            "sys_path": sys.path,
            "parent": os.getpid(),
            "target": target,
            "arguments": dict(arguments),
            "leftovers": [*leftovers],
        }
        if self._process.stdin is not None:
            # If it is dead already, its owner will notice.
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(orders).encode() + b"\n")
                self._process.stdin.flush()
        self._descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            try:
                self._descriptor = os.pidfd_open(self._process.pid)
            except OSError:
                self._descriptor = None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def descriptor(self) -> int | None:
        """A file descriptor that becomes readable when the process ends, where there is one."""
        return self._descriptor

    def ended(self) -> str | None:
        """Return how the process ended, for people; None if it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"was killed by {name}"
        return f"exited with status {code}"

    @property
    def killed(self) -> bool:
        """Whether the process has ended because another one wanted it to."""
        return self._process.poll() in (-signal.SIGKILL, -signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end, and return whether it has."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def let_go(self) -> None:
        """Cut the lifeline: the process ends at once, unless native code is holding the GIL."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            with suppress(BrokenPipeError):
                stdin.close()

    def strike(self) -> None:
        """Kill the process; whoever watches it notices its end, as any other."""
        self._process.kill()

    def kill(self) -> None:
        """Make sure that the process has ended, and release what belongs to it here."""
        self.let_go()
        if self.ended() is None:
            self._process.kill()
            self._process.wait()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _fresh(descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    here = str(Path(__file__).resolve().parents[3])
    return subprocess.Popen(  # noqa: S603  our own interpreter
        # With the options of this one, such as -O: assertions are part of what functions do.
        [sys.executable, *_args_from_interpreter_flags(), "-c", _FIND + _IGNORE + _BOOT, here],
        stdin=subprocess.PIPE,
        pass_fds=descriptors,
    )


def stop_all(processes: Sequence[WorkerProcess]) -> None:
    """End processes, those that were told to stop in their own way if they do so in time."""
    deadline = time.monotonic() + POLITE_SECONDS
    for process in processes:
        process.wait(deadline - time.monotonic())
    for process in processes:
        process.let_go()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.wait(deadline - time.monotonic())
        process.kill()


def _run_worker() -> None:
    lifeline = os.dup(0)
    orders = json.loads(_read_line(lifeline))
    # User code that reads standard input finds its end, not our lifeline.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in a fork, too
    sys.path[:] = orders["sys_path"]
    hold(lifeline, orders["parent"], orders["leftovers"])
    module, _, function = orders["target"].partition(":")
    getattr(import_module(module), function)(orders["arguments"])


def _read_line(descriptor: int) -> bytes:
    """Read up to a newline, and not a byte more."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            os._exit(0)
        line += byte
    return bytes(line)
