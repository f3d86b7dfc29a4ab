"""Pick and reorder components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint, Index, component
from dataflow_core.flow.proxy import PointwiseFlow


class SelectComponent(PointwiseFlow):
    """The components `idxs`, in that order.

    A list stays a list, a tuple becomes a plain tuple, a dict keeps the keys named.

    Order: as `ds`. Duplicates, loss: none.

    Raises:
        ComponentError: while iterating, if a datapoint lacks one of them.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([["a", "b", "c"]], shuffle=False)
        >>> list(SelectComponent(flow, [2, 0]))
        [['c', 'a']]
    """

    _draws: ClassVar[bool] = False
    _may_drop: ClassVar[bool] = False

    def __init__(self, ds: DataFlow, idxs: Sequence[Index]) -> None:
        super().__init__(ds)
        if isinstance(idxs, str) or not isinstance(idxs, Sequence):
            raise TypeError(f"idxs of SelectComponent is a list, not {idxs!r}")
        self.idxs = list(idxs)

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        idxs, label = self.idxs, type(self).__name__

        def call(dp: Datapoint) -> Datapoint:
            picked = [component(dp, index, label) for index in idxs]
            if isinstance(dp, dict):
                return dict(zip(idxs, picked))
            return tuple(picked) if isinstance(dp, tuple) else picked

        return call

    def _params(self) -> Mapping[str, object]:
        return {"*idxs": self.idxs}
