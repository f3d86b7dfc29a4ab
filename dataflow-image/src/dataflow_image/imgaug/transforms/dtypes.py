"""The dtypes that operations on values take, and those that OpenCV does."""

from __future__ import annotations

from typing import Final

import numpy as np

from dataflow_image.imgaug.spec import Image

__all__ = ["KNOWN_TO_OPENCV", "readable_by_opencv", "require_uint8_or_float"]

KNOWN_TO_OPENCV: Final = frozenset(
    map(np.dtype, (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64))
)
"""In every version that is supported. Others are refused, or become int32."""

_DTYPES: Final = frozenset(map(np.dtype, (np.uint8, np.float16, np.float32, np.float64)))
_READABLE: Final = KNOWN_TO_OPENCV | {np.dtype(np.float16)}
_UINT16: Final = np.dtype(np.uint16)


def readable_by_opencv(img: Image) -> Image:
    """Return an image whose values OpenCV reads as what they are.

    One of another byte order than the machine's is converted; OpenCV would take its bytes as they
    lie.

    Raises:
        TypeError: OpenCV does not know the dtype, or would cut values down to 32 bits.
    """
    if img.dtype in _READABLE:
        return img
    native = img.dtype.newbyteorder("=")
    if native in _READABLE:
        return img.astype(native)
    raise TypeError(
        f"OpenCV cannot compute with an image of {img.dtype}: put ToUint8 or ToFloat32 before, or, "
        "if it is a mask, name it as one"
    )


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
