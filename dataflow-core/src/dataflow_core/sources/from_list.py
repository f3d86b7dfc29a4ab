"""A flow over what is in memory already."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.index_run import IndexRun
from dataflow_core.flow.indexed import IndexedDataFlow
from dataflow_core.flow.run import Place, Scope, position_of
from dataflow_core.flow.shard import Shard


class DataFromList(IndexedDataFlow):
    """The items of a list, one by one.

    Order: the list's, or a new permutation of it every epoch. The list is kept, not copied, and
    never reordered; it is not sent to worker processes, only the datapoints are.

    Args:
        lst: a list, or whatever has `len()` and `[index]`.
        shuffle: whether every epoch has an order of its own.

    Raises:
        TypeError: if `lst` has no length or no index.

    Example:
        >>> list(DataFromList([[1], [2], [3]], shuffle=False))
        [[1], [2], [3]]
    """

    def __init__(self, lst: Sequence[Datapoint], shuffle: bool = True) -> None:
        if not (hasattr(lst, "__len__") and hasattr(lst, "__getitem__")) or isinstance(lst, dict):
            raise TypeError(
                f"DataFromList needs a list, not {type(lst).__name__}; DataFromIterable takes"
                " what can only be iterated"
            )
        super().__init__(shuffle=shuffle)
        self._lst = lst

    def __len__(self) -> int:
        return len(self._lst)

    def __getitem__(self, index: int, /) -> Datapoint:
        return self._lst[index]

    def _chain(self) -> Chain:
        return Chain(self, self._open_items, cheap=True)

    def _open_items(self, scope: Scope, place: Place | None, shard: Shard) -> IndexRun:
        read = self._lst.__getitem__
        return IndexRun(len(self), self._order(scope), position_of(place), shard, read)
