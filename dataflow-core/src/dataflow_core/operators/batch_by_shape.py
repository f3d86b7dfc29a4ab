"""Put datapoints of one shape together into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, SupportsIndex

import numpy as np

from dataflow_core.collate import collate_stacked
from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint, Index, component
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, position_of


class BatchDataByShape(ProxyDataFlow):
    """Batches of `batch_size` datapoints whose component `idx` has one shape.

    Order: batches come when they are full; within a batch, as `ds`. Loss: batches that are not
    full at the end of the epoch, unless `remainder=True` hands them out, the oldest first. The
    length is unknown. A resume replays the epoch's beginning.

    Args:
        ds: the upstream.
        batch_size: datapoints per batch, at least 1.
        idx: the component whose shape counts.
        remainder: whether smaller batches are handed out at the end.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> flow = df.DataFromList([[np.zeros(n)] for n in (1, 2, 1, 2)], shuffle=False)
        >>> [batch[0].shape for batch in BatchDataByShape(flow, 2, 0)]
        [(2, 1), (2, 2)]
    """

    def __init__(
        self, ds: DataFlow, batch_size: SupportsIndex, idx: Index, remainder: bool = False
    ) -> None:
        super().__init__(ds)
        self.batch_size = checked_count(batch_size, "batch_size", "BatchDataByShape")
        self.idx = idx
        self.remainder = remainder

    def __len__(self) -> int:
        raise UnknownLengthError("BatchDataByShape has no length: it depends on the shapes")

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _ByShapeRun(self, self.ds._open(scope.in_order(), None), position_of(place))

    def _params(self) -> Mapping[str, object]:
        return {"*batch_size": self.batch_size, "idx": self.idx, "remainder": self.remainder}


class _ByShapeRun(Run):
    __slots__ = ("_flow", "_start", "_upstream")

    def __init__(self, flow: BatchDataByShape, upstream: Run, start: int) -> None:
        super().__init__(start)
        self._flow = flow
        self._upstream = upstream
        self._start = start

    def __iter__(self) -> Iterator[Datapoint]:
        for number, group in enumerate(self._groups()):
            if number < self._start:
                continue
            try:
                out = collate_stacked(group)
            except Exception as error:
                note_place(error, self._flow._label(), number)
                raise
            self.position = number
            yield out

    def _groups(self) -> Iterator[list[Datapoint]]:
        idx, label = self._flow.idx, type(self._flow).__name__
        open_groups: dict[tuple[int, ...], list[Datapoint]] = {}
        for dp in self._upstream:
            try:
                shape = np.shape(_shaped(component(dp, idx, label)))
            except Exception as error:
                note_place(error, self._flow._label(), self._upstream.position)
                raise
            group = open_groups.setdefault(shape, [])
            group.append(dp)
            if len(group) == self._flow.batch_size:
                del open_groups[shape]
                yield group
        if self._flow.remainder:
            yield from open_groups.values()

    def close(self) -> None:
        self._upstream.close()


def _shaped(value: Any) -> Any:
    return value if hasattr(value, "shape") or isinstance(value, (list, tuple)) else ()
