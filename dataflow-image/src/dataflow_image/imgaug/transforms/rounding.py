"""Bring computed values back into an image's dtype."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image

__all__ = ["to_dtype", "to_fill", "to_uint8"]


def to_uint8(values: Image) -> Image:
    """Return floats rounded, and clipped to [0, 255], as uint8.

    >>> to_uint8(np.array([[-3.0, 1.6, 300.0]])).tolist()
    [[0, 2, 255]]
    """
    if values.dtype in (np.float32, np.float64):
        # Some ten times as fast as rounding and casting with numpy. Clipped before, because
        # OpenCV's conversion takes absolute values and overflows beyond the range of int32.
        clipped = np.clip(values, 0, 255).reshape(len(values), -1)
        return cv2.convertScaleAbs(clipped).reshape(values.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def to_dtype(values: Image, dtype: np.dtype[Any], *, clip: bool) -> Image:
    """Return float `values` as `dtype`: uint8 rounded and saturated, floats clipped if `clip`.

    `values` may be written to.
    """
    if dtype == np.uint8:
        return to_uint8(values)
    if clip:
        np.clip(values, 0, 255, out=values)
    return values.astype(dtype, copy=False)


@lru_cache(maxsize=64)
def to_fill(value: float | Sequence[float], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a fill, one number or one per channel, as `dtype`.

    Ints are rounded, and clipped to what the dtype can hold, as OpenCV's warps do.

    >>> to_fill((103.53, 116.5, 300.0), np.dtype(np.uint8)).tolist()
    [104, 116, 255]
    """
    values = np.asarray(value, np.float64)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    fill = np.array(values, dtype)
    # One and the same for all callers.
    fill.flags.writeable = False
    return fill
