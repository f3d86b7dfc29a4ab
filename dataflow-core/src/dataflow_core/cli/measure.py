"""How fast a flow is, in datapoints and in bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dataflow_core.flow import DataFlow, Datapoint
from dataflow_core.flow.proxy import PointwiseFlow
from dataflow_core.operators.speed import TestDataSpeed

_WEIGHED = 1000


@dataclass(frozen=True)
class Speed:
    """What was measured.

    Attributes:
        datapoints_per_s: how many datapoints came out in a second.
        bytes_per_datapoint: what the arrays and bytes of a datapoint hold, on average; 0 if it has
            none.
    """

    datapoints_per_s: float
    bytes_per_datapoint: float

    @property
    def bytes_per_s(self) -> float:
        """How many bytes of arrays came out in a second."""
        return self.datapoints_per_s * self.bytes_per_datapoint


def measure(
    flow: DataFlow, *, size: int, warmup: int, seed: int | None = None, progress: bool = True
) -> Speed:
    """Run a flow as fast as it goes.

    Args:
        flow: iterated anew when an epoch ends.
        size: how many datapoints to time, at least 1.
        warmup: how many to run before.
        seed: for `reset_state`.
        progress: whether to draw a bar.

    Raises:
        EmptyDataFlowError: the flow has no datapoints.
        ValueError: `size` is below 1, or `warmup` below 0.

    Example:
        >>> import dataflow_core as df
        >>> speed = measure(df.FakeData([[2, 3]]), size=100, warmup=10, progress=False)
        >>> speed.bytes_per_datapoint
        24.0
    """
    scale = _Scale(flow)
    rate = _SeededSpeed(scale, size, warmup, seed).start(progress=progress)
    return Speed(rate, scale.bytes / scale.datapoints)


class _SeededSpeed(TestDataSpeed):
    """Resets with one seed, whoever resets it."""

    def __init__(self, ds: DataFlow, size: int, warmup: int, seed: int | None) -> None:
        super().__init__(ds, size, warmup)
        self._seed = seed

    def reset_state(self, seed: int | None = None) -> None:
        super().reset_state(self._seed if seed is None else seed)


class _Scale(PointwiseFlow):
    """Weighs the first datapoints that pass, and costs the others a comparison."""

    _draws: ClassVar[bool] = False
    _may_drop: ClassVar[bool] = False
    _transparent: ClassVar[bool] = True

    def __init__(self, ds: DataFlow) -> None:
        super().__init__(ds)
        self.datapoints = 0
        self.bytes = 0

    def _label(self) -> str:
        return self.ds._label()

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        def call(dp: Datapoint) -> Datapoint:
            if self.datapoints < _WEIGHED:
                self.datapoints += 1
                self.bytes += _bytes_in(dp)
            return dp

        return call


def _bytes_in(value: Any) -> int:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.nbytes
    if isinstance(value, (bytes, bytearray, memoryview)):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_bytes_in, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes_in, value))
    return 0
