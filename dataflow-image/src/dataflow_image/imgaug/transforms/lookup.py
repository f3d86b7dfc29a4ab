"""Look up every value of a uint8 image in a table.

OpenCV does so value by value. Where `stringzilla` is installed, which the extra
`dataflow-image[fast]` sees to, it is done for 64 values at a time; the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image

__all__ = ["is_fast", "look_up"]

_LEVELS = 256

#: Replaces each byte of a buffer, in place, by that byte of a table of 256.
_Translate: TypeAlias = "Callable[[memoryview, memoryview], None]"


def look_up(img: Image, table: Image, out: Image | None = None) -> Image:
    """Return an image of the values `table[img]`.

    >>> look_up(np.uint8([[0, 255]]), np.arange(256, dtype=np.uint8)[::-1].copy())
    array([[255,   0]], dtype=uint8)

    Args:
        img: uint8, of any shape.
        table: (256,) uint8.
        out: a C-contiguous uint8 array of the image's shape for the result.
    """
    translate = _translate()
    if translate is None:
        # As rows of single values, which OpenCV looks up in less time than pixels.
        rows = None if out is None else out.reshape(len(out), -1)
        return cv2.LUT(img.reshape(len(img), -1), table, rows).reshape(img.shape)
    if out is None:
        out = np.empty(img.shape, np.uint8)
    np.copyto(out, img)
    if out.size:
        translate(out.reshape(-1).data, table.data)
    return out


def is_fast() -> bool:
    """Tell whether a table costs less than arithmetic does."""
    return _translate() is not None


@cache
def _translate() -> _Translate | None:
    try:
        module: Any = import_module("stringzilla")
    except ImportError:
        return None

    def translate(values: memoryview, table: memoryview) -> None:
        module.translate(values, table, inplace=True)

    values = np.arange(_LEVELS, dtype=np.uint8)
    table = values[::-1].copy()
    try:
        translate(values.data, table.data)
    except (AttributeError, TypeError, ValueError):
        # Some other release, whose interface differs.
        return None
    return translate if np.array_equal(values, table) else None
