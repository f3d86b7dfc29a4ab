"""Put consecutive datapoints into batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import SupportsIndex

from dataflow_core.collate import (
    collate_lists,
    collate_stacked,
    listed_if_alike,
    split,
    stacked_if_alike,
)
from dataflow_core.errors import BatchError, UnknownLengthError
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.group import GroupFlow, Grouping


class BatchData(GroupFlow):
    """Batches of `batch_size` datapoints, each component stacked on a new axis 0.

    Python bools become bool, ints int32, floats float32, also among ints; numpy scalars and arrays
    keep their dtype; other objects, such as str, become an array of objects. With `use_list=True`
    each component becomes a list instead.

    Order: as `ds`. Loss: the last `len(ds) % batch_size` datapoints of an epoch, unless
    `remainder=True` hands them out as a smaller batch.

    Raises:
        ValueError: if `batch_size` is below 1, or larger than a known length without remainder.
        BatchError: while iterating, if shapes or numbers of components differ within a batch, or
            an int does not fit into int32.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2], [3]], shuffle=False)
        >>> list(BatchData(flow, 2, remainder=True))
        [[array([1, 2], dtype=int32)], [array([3], dtype=int32)]]
    """

    def __init__(
        self,
        ds: DataFlow,
        batch_size: SupportsIndex,
        remainder: bool = False,
        use_list: bool = False,
    ) -> None:
        super().__init__(ds)
        self.batch_size = checked_count(batch_size, "batch_size", "BatchData")
        self.remainder = remainder
        self.use_list = use_list
        refuse_empty_epochs(self)

    def _grouping(self) -> Grouping:
        return Grouping(
            self.batch_size,
            self.remainder,
            collate_lists if self.use_list else collate_stacked,
            self._label(),
            if_alike=listed_if_alike if self.use_list else stacked_if_alike,
            split=split,
            stacks=not self.use_list,
        )

    def _params(self) -> Mapping[str, object]:
        params: dict[str, object] = {"*batch_size": self.batch_size}
        if self.remainder:
            params["remainder"] = True
        if self.use_list:
            params["use_list"] = True
        return params


def refuse_empty_epochs(batches: GroupFlow) -> None:
    """Raise if no batch could ever be full, which is never meant.

    Raises:
        BatchError: if so.
    """
    grouping = batches._grouping()
    try:
        length = len(batches.ds)
    except UnknownLengthError:
        return
    if grouping.size > length and not grouping.remainder:
        raise BatchError(
            f"{grouping.label} over {length} datapoints would be empty; use a batch_size up to"
            f" {length}, or remainder=True"
        )
