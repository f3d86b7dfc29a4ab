"""Put datapoints of different shapes into batches by padding them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import SupportsIndex

from dataflow_core.collate import collate_padded
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.group import GroupFlow, Grouping
from dataflow_core.operators.batch import refuse_empty_epochs


class PadBatchData(GroupFlow):
    """Batches of `batch_size` datapoints, each component padded to the largest of its batch.

    Padding is at the end of every axis. Components without shape are stacked as in BatchData.

    Order: as `ds`. Loss: as BatchData.

    Raises:
        ValueError: if `batch_size` is below 1, or larger than a known length without remainder.
        BatchError: while iterating, if numbers of dimensions differ within a batch, or a component
            that has to be padded cannot hold `pad_value`.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> flow = df.DataFromList([[np.array([1])], [np.array([2, 3])]], shuffle=False)
        >>> next(iter(PadBatchData(flow, 2)))[0].tolist()
        [[1, 0], [2, 3]]
    """

    def __init__(
        self,
        ds: DataFlow,
        batch_size: SupportsIndex,
        pad_value: float = 0,
        remainder: bool = False,
    ) -> None:
        super().__init__(ds)
        self.batch_size = checked_count(batch_size, "batch_size", "PadBatchData")
        self.pad_value = pad_value
        self.remainder = remainder
        refuse_empty_epochs(self)

    def _grouping(self) -> Grouping:
        collate = partial(collate_padded, pad_value=self.pad_value)
        return Grouping(self.batch_size, self.remainder, collate, self._label())

    def _params(self) -> Mapping[str, object]:
        return {
            "*batch_size": self.batch_size,
            "pad_value": self.pad_value,
            "remainder": self.remainder,
        }
