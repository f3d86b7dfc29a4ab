"""Keep some datapoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.checks import checked_callable
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import DROP, Datapoint
from dataflow_core.flow.proxy import PointwiseFlow


class FilterData(PointwiseFlow):
    """The datapoints for which `predicate(dp)` is true.

    Order: as `ds`. The length is unknown.

    Raises:
        TypeError: if `predicate` cannot be called.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2], [3]], shuffle=False)
        >>> list(FilterData(flow, lambda dp: dp[0] != 2))
        [[1], [3]]
    """

    def __init__(self, ds: DataFlow, predicate: Callable[[Any], object]) -> None:
        super().__init__(ds)
        checked_callable(predicate, "predicate", type(self).__name__)
        self.predicate = predicate

    def __len__(self) -> int:
        raise UnknownLengthError(f"how many datapoints {self._label()} keeps is not known")

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        predicate = self.predicate
        return lambda dp: dp if predicate(dp) else DROP

    def _params(self) -> Mapping[str, object]:
        return {"*predicate": self.predicate}
