"""How many datapoints share a task."""

from __future__ import annotations

from typing import Protocol

from dataflow_core.parallel.task import TARGET_SECONDS

#: A task should not hold more than this, unless a single datapoint does: several are under way, and
#: datapoints that take no time may be large, such as slices of a mapped file.
TARGET_BYTES = 32 << 20

#: What is as large has memory of its own, so that who keeps it keeps nothing else; and much of it
#: leaves the caches empty for whoever hands it out, which therefore should be done less often.
LARGE_BYTES = 1 << 20
LARGE_SECONDS = 2 * TARGET_SECONDS

LARGEST = 1024


class Holds(Protocol):
    """A task, or its result."""

    def weight(self) -> int:
        """Return about how many bytes it holds."""


class ChunkSize:
    """Grows and shrinks with what tasks turn out to take.

    Args:
        limit: never more than this.
    """

    def __init__(self, limit: int) -> None:
        self._limit = max(1, min(limit, LARGEST))
        self._size = 1

    def __call__(self) -> int:
        return self._size

    def learn(self, inputs: int, seconds: float, *held: Holds) -> None:
        """Take note of what a task of `inputs` datapoints, or groups, took, and what it held."""
        if inputs == 0 or self._limit == 1:
            return
        per_second = inputs / max(seconds, 1e-9)
        wanted = int(LARGE_SECONDS * per_second)
        if wanted > 1:
            nbytes = sum(each.weight() for each in held)
            if nbytes < LARGE_BYTES * inputs:
                wanted = int(TARGET_SECONDS * per_second)
            wanted = min(wanted, TARGET_BYTES * inputs // max(nbytes, 1))
        # At most doubled: the first tasks pay for warming up, or are luckily cheap.
        self._size = max(1, min(wanted, 2 * self._size, self._limit))
