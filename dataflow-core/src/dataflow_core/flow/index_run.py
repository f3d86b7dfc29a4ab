"""The run of an indexed source: its indices in order, shuffled or sharded, from any position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from operator import length_hint
from types import BuiltinMethodType

import numpy as np
import numpy.typing as npt

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Run
from dataflow_core.flow.shard import ALL, Shard
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

    __slots__ = ("_ahead", "_block", "_order", "_read", "_shard", "_size", "_start")

    def __init__(
        self,
        size: int,
        order: Order | None,
        start: int = 0,
        shard: Shard = ALL,
        read: Callable[[int], Datapoint] | None = None,
    ) -> None:
        self._size = size
        self._order = order
        self._start = start
        self._shard = shard
        self._read = read
        #: The block of positions that is being handed out, and what is left of its indices.
        self._block = range(0)
        self._ahead: Iterator[int] = iter(())

    @property
    def position(self) -> int:  # type: ignore[override]
        """Told from what is left: nothing has to be counted per datapoint."""
        handed_out = len(self._block) - length_hint(self._ahead)
        if handed_out:
            return self._block[handed_out - 1]
        return (self._block.start - self._shard.count) if self._block else self._start - 1

    def __iter__(self) -> Iterator[Datapoint]:
        indices = chain.from_iterable(self._blocks())
        if self._read is None:
            return indices
        # What Python code reads may fail, and then has to be given back.
        sure = _cannot_fail(self._read)
        return map(self._read, indices) if sure else self._reading(self._read, indices)

    def _reading(
        self, read: Callable[[int], Datapoint], indices: Iterator[int]
    ) -> Iterator[Datapoint]:
        for index in indices:
            try:
                dp = read(index)
            except BaseException:
                self.give_back()
                raise
            yield dp

    def _blocks(self) -> Iterator[Iterator[int]]:
        step = self._shard.count
        positions = range(self._shard.first_from(self._start), self._size, step)
        length = len(positions) if self._order is None else BLOCK
        for begin in range(0, len(positions), max(1, length)):
            block = positions[begin : begin + length]
            if self._order is None:
                ahead: Iterator[int] = iter(block)
            else:
                ahead = iter(self._order(np.arange(block.start, block.stop, step)).tolist())
            self._block, self._ahead = block, ahead
            yield ahead

    def place(self) -> int:
        position = self.position
        return self._start if position < self._start else self._shard.after(position)

    def place_after(self, position: int) -> int:
        return self._shard.after(position)

    def last_positions(self, count: int) -> range | None:
        if self._read is not None and not _cannot_fail(self._read):
            return None
        step, last = self._shard.count, self.position
        return range(last - (count - 1) * step, last + 1, step)

    def give_back(self) -> None:
        self._begin_at(self.position // self._shard.count * self._shard.count)

    def skip(self, count: int) -> int:
        left = range(self._shard.first_from(self._start), self._size, self._shard.count)
        passed = min(count, len(left))
        if passed:
            self._begin_at(self._shard.after(left[passed - 1]))
        return passed

    def _begin_at(self, start: int) -> None:
        self._start = start
        self._block, self._ahead = range(0), iter(())


def _cannot_fail(read: Callable[[int], Datapoint]) -> bool:
    """Return whether it is a list's own, whose length has been told."""
    return isinstance(read, BuiltinMethodType)
