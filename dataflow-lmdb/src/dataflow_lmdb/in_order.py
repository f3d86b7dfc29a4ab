"""Reading in the database's own order, which needs no look-up.

A cursor hands out record after record several times as fast as they are found by key; for small
values that is most of the time. Workers and other orders go by `__getitem__` as with any source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lmdb

from dataflow_core.flow import Datapoint
from dataflow_core.flow.chain import Chain, ChainRun
from dataflow_core.flow.run import Place, Run, Scope, position_of
from dataflow_lmdb.database import Lease


@dataclass(frozen=True)
class Walk:
    """What it takes to read records in order.

    Attributes:
        lease: opens the database.
        key_at: from an index to the key that the record must have.
        read: from an index to the datapoint, without the cursor.
        length: how many records there are.
    """

    lease: Callable[[], Lease]
    key_at: Callable[[int], bytes]
    read: Callable[[int], Datapoint]
    length: int


@dataclass(frozen=True)
class InOrderChain(Chain):
    """A chain whose first step reads the records of an indexed source, position by position.

    Attributes:
        walk: does in one process what base and first step do together.
    """

    walk: Walk | None = None

    def open(self, scope: Scope, place: Place | None) -> Run:
        """Open the whole chain."""
        if self.walk is None or self.shard.count > 1:
            return super().open(scope, place)
        base = InOrderRun(self.walk, position_of(place))
        rest = self.steps[1:]
        return ChainRun(base, rest, scope, self.streams(scope)[1:]) if rest else base


class InOrderRun(Run):
    """Hands out [key, value] from a position on.

    Every key is compared with the one that the position has. Where they differ, records are looked
    up from there on: what is missing is told by who looks for it.
    """

    __slots__ = ("_start", "_walk")

    def __init__(self, walk: Walk, start: int) -> None:
        super().__init__(start)
        self._walk = walk
        self._start = start

    def __iter__(self) -> Iterator[Datapoint]:
        yield from self._walked()
        read = self._walk.read
        for position in range(self.position + 1, self._walk.length):
            dp = read(position)
            self.position = position
            yield dp

    def _walked(self) -> Iterator[Datapoint]:
        start, length, key_at = self._start, self._walk.length, self._walk.key_at
        if start >= length:
            return
        try:
            lease = self._walk.lease()
            cursor = lease.database.cursor()
            if not cursor.set_key(key_at(start)):
                return
            positions = range(start, length)
            for position, wanted, (key, value) in zip(positions, map(key_at, positions), cursor):
                if key != wanted:
                    return
                self.position = position
                yield [key, value]
        # A cursor that was inherited by a forked child, where it must not be used.
        except lmdb.Error:
            return

    def skip(self, count: int) -> int:
        passed = max(0, min(count, self._walk.length - self._start))
        self._start += passed
        self.position = self._start - 1
        return passed
