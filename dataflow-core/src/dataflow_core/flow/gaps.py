"""Runs and places with gaps: positions that were delivered already, or out of their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.ranges import Ranges, checked_ranges, first_outside, holds, union
from dataflow_core.flow.run import Place, Run, position_of, upstream_place


def gaps_of(place: Place | None) -> Ranges | None:
    """Return the positions that a place leaves out; None if it has no gaps."""
    if isinstance(place, Mapping) and "at" in place and "done" in place:
        return checked_ranges(place["done"])
    return None


def without(at: Place, done: Ranges) -> Place:
    """Return the place that begins at `at` and leaves out the positions in `done`."""
    gaps = gaps_of(at)
    if gaps is not None:
        done = union(done, gaps)
        at = upstream_place(at, "at") or 0
    begin = position_of(at)
    left = [[first, last] for first, last in done if last >= begin]
    if not left:
        return at
    return {"position": first_outside(left, begin), "at": at, "done": left}


class WithoutRun(Run):
    """A run without the positions that were delivered already."""

    __slots__ = ("_base", "_done")

    def __init__(self, base: Run, done: Ranges) -> None:
        self._base = base
        self._done = done

    @property
    def position(self) -> int:  # type: ignore[override]
        return self._base.position

    def __iter__(self) -> Iterator[Datapoint]:
        base, done = self._base, self._done
        for dp in base:
            if not holds(done, base.position):
                yield dp

    def place(self) -> Place:
        return without(self._base.place(), self._done)

    def give_back(self) -> None:
        self._base.give_back()

    def close(self) -> None:
        self._base.close()
