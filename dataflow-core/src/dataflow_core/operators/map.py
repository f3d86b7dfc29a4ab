"""Run a function on every datapoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dataflow_core.flow.checks import checked_callable
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import (
    DROP,
    Component,
    Datapoint,
    Index,
    component,
    shallow_copy,
    with_component,
)
from dataflow_core.flow.proxy import PointwiseFlow


class MapData(PointwiseFlow):
    """`func(dp)` for every datapoint.

    `func` gets a shallow copy, so it may assign components (but not write into their arrays). It
    may draw from `dataflow_core.rng()`. Returning None drops the datapoint.

    Order: as `ds`. Duplicates, loss: none but what `func` drops.

    Raises:
        TypeError: if `func` cannot be called.

    Example:
        >>> import dataflow_core as df
        >>> list(MapData(df.DataFromList([[1], [2]], shuffle=False), lambda dp: [dp[0] * 10]))
        [[10], [20]]
    """

    def __init__(self, ds: DataFlow, func: Callable[[Any], Datapoint | None]) -> None:
        super().__init__(ds)
        checked_callable(func, "func", type(self).__name__)
        self.func = func

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        func = self.func

        def call(dp: Datapoint) -> Datapoint:
            out = func(dp.copy() if type(dp) is list else shallow_copy(dp))
            return DROP if out is None else out

        return call

    def _mapped(self) -> Callable[[Datapoint], Datapoint | None]:
        return self.func

    def _params(self) -> Mapping[str, object]:
        return {"*func": self.func}


class MapDataComponent(PointwiseFlow):
    """`func(dp[index])` in place of one component.

    The upstream's datapoint is not modified; the other components are shared with it. Returning
    None drops the datapoint.

    Order: as `ds`. Duplicates, loss: none but what `func` drops.

    Raises:
        TypeError: if `func` cannot be called.
        ComponentError: while iterating, if a datapoint has no component `index`.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([{"x": 1, "y": 2}], shuffle=False)
        >>> list(MapDataComponent(flow, lambda x: x + 1, "x"))
        [{'x': 2, 'y': 2}]
    """

    def __init__(
        self, ds: DataFlow, func: Callable[[Any], Component | None], index: Index = 0
    ) -> None:
        super().__init__(ds)
        checked_callable(func, "func", type(self).__name__)
        self.func = func
        self.index = index

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        func, index, label = self.func, self.index, type(self).__name__

        def call(dp: Datapoint) -> Datapoint:
            out = func(component(dp, index, label))
            return DROP if out is None else with_component(dp, index, out)

        return call

    def _params(self) -> Mapping[str, object]:
        return {"*func": self.func, "index": self.index}
