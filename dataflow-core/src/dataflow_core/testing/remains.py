"""What a program holds on to: threads, child processes, descriptors, files."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc/self")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  only looked at


@dataclass(frozen=True)
class Remains:
    """What there is at one moment, where the system tells.

    Attributes:
        threads: names of the threads of this process.
        children: numbers of its child processes.
        descriptors: how many it has open.
        files: names in the directory for temporary files, and of shared memory of ours.
    """

    threads: frozenset[str]
    children: frozenset[int]
    descriptors: int
    files: frozenset[str]

    @classmethod
    def now(cls) -> Remains:
        """Look around."""
        return cls(
            frozenset(f"{each.name} ({each.ident})" for each in threading.enumerate()),
            _children(),
            len([*(PROC / "fd").iterdir()]) if (PROC / "fd").is_dir() else 0,
            _files(),
        )

    def beyond(self, before: Remains) -> list[str]:
        """Return what is there now and was not before, one line each."""
        lines = [f"thread {name}" for name in sorted(self.threads - before.threads)]
        lines += [f"process {number}" for number in sorted(self.children - before.children)]
        if self.descriptors > before.descriptors:
            lines.append(f"{self.descriptors - before.descriptors} file descriptors")
        return lines + [f"file {name}" for name in sorted(self.files - before.files)]


def _children() -> frozenset[int]:
    found: set[int] = set()
    for listing in PROC.glob("task/*/children"):
        try:
            found.update(map(int, listing.read_text().split()))
        except OSError:
            continue  # That thread has ended in the meantime.
    return frozenset(found)


def _files() -> frozenset[str]:
    names = {str(path) for path in Path(tempfile.gettempdir()).glob("*")}
    for mark in ("dataflow", str(os.getpid())):
        names |= {str(path) for path in SHARED_MEMORY.glob(f"*{mark}*")}
    return frozenset(names)
