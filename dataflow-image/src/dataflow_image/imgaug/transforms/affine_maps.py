"""Affine maps of the plane as 3x3 matrices, and the half pixel between two ways to count.

OpenCV's warps map pixel indices; points are continuous, with pixel centres at + 0.5. A map of one
kind is a map of the other between two shifts by half a pixel.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["PlaneMap", "continuous", "of_indices"]

PlaneMap: TypeAlias = npt.NDArray[np.float64]

_TO_CENTRE = np.array(((1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (0.0, 0.0, 1.0)))
_FROM_CENTRE = np.array(((1.0, 0.0, -0.5), (0.0, 1.0, -0.5), (0.0, 0.0, 1.0)))


def continuous(index_map: npt.ArrayLike) -> PlaneMap:
    """Return the 3x3 map of continuous points that is the 2x3 map of pixel indices.

    >>> continuous([[2, 0, 0], [0, 2, 0]])[:2].tolist()
    [[2.0, 0.0, -0.5], [0.0, 2.0, -0.5]]
    """
    result: PlaneMap = (
        _TO_CENTRE @ np.vstack([np.asarray(index_map, np.float64), (0, 0, 1)]) @ _FROM_CENTRE
    )
    return result


def of_indices(point_map: npt.ArrayLike) -> PlaneMap:
    """Return the 2x3 map of pixel indices that is a map of continuous points, 2x3 or 3x3.

    >>> of_indices([[2, 0, 0], [0, 2, 0]]).tolist()
    [[2.0, 0.0, 0.5], [0.0, 2.0, 0.5]]
    """
    rows = np.asarray(point_map, np.float64)[:2]
    result: PlaneMap = (_FROM_CENTRE @ np.vstack([rows, (0, 0, 1)]) @ _TO_CENTRE)[:2]
    return result
