"""The dtypes that operations on values take, and those that OpenCV does."""

from __future__ import annotations

from typing import Final

import numpy as np

from dataflow_image.imgaug.spec import Image

__all__ = ["KNOWN_TO_OPENCV", "require_uint8_or_float"]

KNOWN_TO_OPENCV: Final = frozenset(
    map(np.dtype, (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64))
)
"""In every version that is supported. Others are refused, or become int32."""

_DTYPES: Final = frozenset(map(np.dtype, (np.uint8, np.float16, np.float32, np.float64)))
_UINT16: Final = np.dtype(np.uint16)


def require_uint8_or_float(owner: object, img: Image) -> None:
    """Refuse an image whose values `owner` would take for others than they are.

    Operations on values count from 0 for black to 255 for white, which other ints do not.

    Raises:
        TypeError: the image is neither uint8 nor float.
    """
    dtype = img.dtype
    if dtype in _DTYPES:
        return
    # Casts do not scale, so they would make nearly all of 16 bits white.
    remedy = (
        "bring it down to uint8, as DecodeImage(..., keep_depth=False) does"
        if dtype == _UINT16
        else "put ToUint8 or ToFloat32 before it"
    )
    raise TypeError(f"{owner!r} needs a uint8 or float image, got {dtype}: {remedy}")
