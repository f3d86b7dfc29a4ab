"""Show what flows by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, SupportsIndex

import numpy as np

from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import PointwiseFlow


class PrintData(PointwiseFlow):
    """Print type, shape, dtype and range of the first `num` datapoints of the run.

    Datapoints pass unchanged. In workers, each worker prints its own first `num`.

    Args:
        ds: the upstream.
        num: how many datapoints to print, over all epochs since the reset.
        name: a heading; None: the upstream's repr.
        max_depth: how deep nested components are shown.
        max_list: how many elements of a list are shown.

    Example:
        >>> import numpy as np, dataflow_core as df
        >>> flow = df.DataFromList([[np.zeros((2, 3), "uint8"), 7]], shuffle=False)
        >>> for dp in PrintData(flow, name="input"):
        ...     pass
        input, datapoint 0: list of 2
          0: ndarray, shape (2, 3), dtype uint8, range [0, 0]
          1: int, 7
    """

    _draws: ClassVar[bool] = False
    _may_drop: ClassVar[bool] = False
    _transparent: ClassVar[bool] = True

    def __init__(
        self,
        ds: DataFlow,
        num: SupportsIndex = 1,
        name: str | None = None,
        max_depth: SupportsIndex = 3,
        max_list: SupportsIndex = 3,
    ) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num", "PrintData", at_least=0)
        self.name = name
        self.max_depth = checked_count(max_depth, "max_depth", "PrintData")
        self.max_list = checked_count(max_list, "max_list", "PrintData", at_least=0)
        self._printed = 0

    def reset_state(self, seed: int | None = None) -> None:
        self._printed = 0
        super().reset_state(seed)

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        def call(dp: Datapoint) -> Datapoint:
            if self._printed < self.num:
                heading = self.name or repr(self.ds)
                lines = self._lines(f"{heading}, datapoint {self._printed}", dp, 0)
                self._printed += 1
                # Not print(): a progress bar may be on the screen. Imported late, as it is slow.
                from tqdm import tqdm

                tqdm.write("\n".join(lines))
            return dp

        return call

    def _lines(self, name: object, value: Any, depth: int) -> list[str]:
        head = "  " * depth + f"{name}: "
        if isinstance(value, dict):
            items = [*value.items()]
        elif isinstance(value, (list, tuple)):
            items = [*enumerate(value)]
        else:
            return [head + _described(value)]
        lines = [head + f"{type(value).__name__} of {len(items)}"]
        if depth >= self.max_depth:
            return lines
        shown = items if depth == 0 else items[: self.max_list]
        for key, item in shown:
            lines += self._lines(key, item, depth + 1)
        if len(shown) < len(items):
            lines.append("  " * (depth + 1) + f"... {len(items) - len(shown)} more")
        return lines

    def _params(self) -> Mapping[str, object]:
        return {"num": self.num, "name": self.name}


def _described(value: Any) -> str:
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        text = f"{kind}, shape {value.shape}, dtype {value.dtype}"
        if value.size and value.dtype.kind in "biuf":
            text += f", range [{value.min():.5g}, {value.max():.5g}]"
        return text
    if isinstance(value, (bytes, bytearray, str)):
        start = value[:20]
        return f"{kind}, length {len(value)}, {start!r}{'...' if len(value) > len(start) else ''}"
    return f"{kind}, {value!r:.80}"
