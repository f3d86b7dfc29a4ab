"""Use OpenCV's moves of pixels on arrays whose dtype or axes OpenCV does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from dataflow_image.imgaug.spec import Image, channel_count
from dataflow_image.imgaug.transforms.dtypes import KNOWN_TO_OPENCV, readable_by_opencv

__all__ = ["MANY", "in_groups", "is_movable", "keep_axes", "move_bits", "sampled"]

_FOUR: Final = 4

MANY: Final = 128
"""How many channels every version of OpenCV takes, where four are not the limit."""

_HALF: Final = np.dtype(np.float16)

# A mask's bits travel as a dtype of the same size that every OpenCV function accepts.
_CARRIERS: Final[dict[int, type[np.generic[Any]]]] = {
    1: np.uint8,
    2: np.uint16,
    4: np.float32,
    8: np.float64,
}


def keep_axes(result: Image, original: Image) -> Image:
    """Give back the channel axis that OpenCV drops from (height, width, 1)."""
    return result[:, :, np.newaxis] if result.ndim < original.ndim else result


def is_movable(img: Image) -> bool:
    """Tell whether OpenCV can copy such pixels from place to place."""
    return img.dtype in KNOWN_TO_OPENCV and channel_count(img) <= MANY


def in_groups(img: Image, compute: Callable[[Image, int], Image], most: int = _FOUR) -> Image:
    """Return `compute(img, 0)`, done for `most` channels at a time, of which it is told the first.

    More than four OpenCV neither fills with a value nor interpolates by cubics.

    Raises:
        TypeError: OpenCV does not know the dtype.
    """
    return _grouped(readable_by_opencv(img), compute, most)


def _grouped(img: Image, compute: Callable[[Image, int], Image], most: int) -> Image:
    channels = channel_count(img)
    if channels <= most:
        return compute(img, 0)
    parts = [
        compute(np.ascontiguousarray(img[:, :, first : first + most]), first)
        for first in range(0, channels, most)
    ]
    return np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=2)


def sampled(img: Image, compute: Callable[[Image, int], Image], most: int = _FOUR) -> Image:
    """Return `compute(img, 0)` for floats and ints up to 32 bits, for `most` channels at a time.

    Raises:
        TypeError: OpenCV does not know the dtype.
    """
    img = readable_by_opencv(img)
    if img.dtype == _HALF:
        # Which OpenCV cannot compute with.
        return _grouped(img.astype(np.float32), compute, most).astype(np.float16)
    return _grouped(img, compute, most)


def move_bits(mask: Image, move: Callable[[Image], Image]) -> Image:
    """Apply `move`, which copies pixels and computes with none, to a mask of any plain dtype.

    Raises:
        TypeError: the dtype's items are not 1, 2, 4 or 8 bytes of plain data.
    """
    carrier = _CARRIERS.get(mask.dtype.itemsize)
    if carrier is None or mask.dtype.hasobject:
        raise TypeError(f"masks are arrays of bools, ints or floats, got {mask.dtype}")
    if channel_count(mask) == 0:
        # A stack of no instances; of no channels OpenCV knows nothing.
        return move(np.zeros(mask.shape[:2], np.uint8))[:, :, np.newaxis][:, :, :0].astype(
            mask.dtype
        )
    return keep_axes(move(mask.view(carrier)), mask).view(mask.dtype)
