"""Random access: what gives a source shuffling, O(1) resume, sharding and reading in workers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Step
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.index_run import IndexRun, Order, shuffled
from dataflow_core.flow.random_flow import RNGDataFlow
from dataflow_core.flow.run import Place, Scope, position_of
from dataflow_core.flow.shard import Shard
from dataflow_core.rng.at_hand import at_hand


class IndexedDataFlow(RNGDataFlow):
    """A source with random access: write `__len__` and `__getitem__(index)`.

    `__getitem__` must return the same datapoint for the same index, and may be called from
    several threads at once, in worker processes, and in any order. It may draw from
    `dataflow_core.rng()`, which belongs to the datapoint's position; so does `self.rng` there.

    Order: 0 ... len - 1, or with `shuffle=True` another permutation of it every epoch (held in
    memory, 4 bytes per index, up to 16 million; computed for more). Duplicates, loss: none.

    Args:
        shuffle: whether every epoch has an order of its own.

    Example:
        >>> class Squares(IndexedDataFlow):
        ...     def __len__(self):
        ...         return 4
        ...     def __getitem__(self, index):
        ...         return [index * index]
        >>> list(Squares())
        [[0], [1], [4], [9]]
        >>> sorted(Squares(shuffle=True))
        [[0], [1], [4], [9]]
    """

    # Not `shuffle`, which is the short form of LocallyShuffleData.
    _shuffle: bool = False

    def __init__(self, *, shuffle: bool = False) -> None:
        self._shuffle = bool(shuffle)

    @abstractmethod
    def __len__(self) -> int:
        """Return how many datapoints there are."""

    @abstractmethod
    def __getitem__(self, index: int, /) -> Datapoint:
        """Return the datapoint at `index`, for 0 <= index < len(self)."""

    def _params(self) -> Mapping[str, object]:
        return {"*length": f"{len(self)} items", "shuffle": self._shuffle}

    def _chain(self) -> Chain:
        read = Step(self, self._reader(), may_drop=False, call_before=self._call_before)
        walk = None if self._shuffle else self._walk
        return Chain(self, self._open_indices, (read,), indexed=True, walk=walk)

    def _reader(self) -> Callable[[Datapoint], Datapoint]:
        return self.__getitem__

    def _walk(self, start: int) -> Iterator[Datapoint] | None:
        """Return an iterator over the datapoints from `start` on, if it beats reading by index.

        It may end early; what is left is read by index. Asked for where one process reads all
        datapoints in order.
        """
        del start
        return None

    def _open_indices(self, scope: Scope, place: Place | None, shard: Shard) -> IndexRun:
        return IndexRun(len(self), self._order(scope), position_of(place), shard)

    def _order(self, scope: Scope) -> Order | None:
        return shuffled(len(self), scope.generator(self)) if self._shuffle else None

    def _present_rng(self) -> np.random.Generator:
        # In `__getitem__` draws belong to the position, whatever was read before.
        context = at_hand()
        if context is not None and self._opaque_run is None:
            return context.generator()
        return super()._present_rng()

    @property
    def _stateless(self) -> bool:
        return not self._shuffle
