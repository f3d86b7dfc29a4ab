"""Datapoints that are so small that handing them on is the work."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_core import IndexedDataFlow

BATCH_SIZE = 128

Point = list[Any]


def points(size: int) -> list[Point]:
    """Return `size` datapoints [int, float32 array of 8]."""
    row = np.arange(8, dtype=np.float32)
    return [[index, row + index] for index in range(size)]


def double(dp: Point) -> Point:
    """The map: cheap, so that what is measured is what lies around it."""
    return [dp[0] * 2, dp[1]]


class Points(IndexedDataFlow):
    """The same datapoints, each made when it is asked for.

    Args:
        size: datapoints per epoch.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._row = np.arange(8, dtype=np.float32)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> Point:
        return [index, self._row + index]
