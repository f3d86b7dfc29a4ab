"""The run of an indexed source: its indices in order, shuffled or sharded, from any position."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from dataflow_core.flow.chain import ALL, Shard
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Run
from dataflow_core.rng import Bijection

#: Up to here a shuffle holds its permutation; a larger one is computed index by index.
MAX_HELD = 1 << 24

#: Positions whose indices are turned into Python ints at once.
BLOCK = 1 << 12

Order = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.integer]]


def shuffled(size: int, generator: np.random.Generator) -> Order:
    """Return a function from positions to indices: a random permutation of `range(size)`."""
    if size > MAX_HELD:
        return Bijection(size, generator).at
    held = generator.permutation(np.arange(size, dtype=np.int32))
    return held.__getitem__


class IndexRun(Run):
    """Hands out indices, or what `read` makes of them.

    Args:
        size: of the source.
        order: from positions to indices; None is the identity.
        start: the first position.
        shard: which positions are handed out.
        read: index → datapoint, for sources that hold their datapoints in memory.
    """

    __slots__ = ("_order", "_read", "_shard", "_size", "_start")

    def __init__(
        self,
        size: int,
        order: Order | None,
        start: int = 0,
        shard: Shard = ALL,
        read: Callable[[int], Datapoint] | None = None,
    ) -> None:
        super().__init__(start)
        self._size = size
        self._order = order
        self._start = start
        self._shard = shard
        self._read = read

    def __iter__(self) -> Iterator[Datapoint]:
        step = self._shard.count
        positions = range(self._shard.first_from(self._start), self._size, step)
        if self._order is None:
            if self._read is None:
                for self.position in positions:
                    yield self.position
            else:
                for self.position, dp in zip(positions, map(self._read, positions)):
                    yield dp
            return
        for block in range(positions.start, self._size, BLOCK * step):
            numbers = range(block, min(block + BLOCK * step, self._size), step)
            indices = self._order(np.arange(numbers.start, numbers.stop, step)).tolist()
            items = indices if self._read is None else map(self._read, indices)
            for self.position, dp in zip(numbers, items):
                yield dp

    def place(self) -> int:
        if self.position < self._start:
            return self._start
        return self._shard.after(self.position)

    def place_after(self, position: int) -> int:
        return self._shard.after(position)

    def give_back(self) -> None:
        self._start = self.position // self._shard.count * self._shard.count
        self.position = self._start - 1

    def skip(self, count: int) -> int:
        left = range(self._shard.first_from(self._start), self._size, self._shard.count)
        passed = min(count, len(left))
        if passed:
            self.position = left[passed - 1]
            self._start = self._shard.after(self.position)
        return passed
