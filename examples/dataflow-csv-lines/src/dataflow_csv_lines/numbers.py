"""The operator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dataflow_core import DataFlow, MapData


class ParseNumbers(MapData):
    """Turns some components from text into float; the others stay as they are.

    Order: as `ds`. Duplicates, loss: none.

    Args:
        ds: yields lists.
        idxs: the positions of the components.

    Raises:
        ValueError: while iterating, if a component is not a number.
    """

    def __init__(self, ds: DataFlow, idxs: Sequence[int]) -> None:
        super().__init__(ds, partial(_parse, idxs=tuple(idxs)))


def _parse(dp: list[Any], idxs: Sequence[int]) -> list[Any]:
    for index in idxs:
        dp[index] = float(dp[index])
    return dp
