"""Take an image's channels apart."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image

__all__ = ["write_planes"]

# What OpenCV takes apart with one pass over the pixels, in every version that is supported.
_DTYPES: Final = frozenset(
    map(np.dtype, (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64))
)


def write_planes(img: Image, out: Image) -> None:
    """Write each channel of an image into `out`, (channels, height, width) of the same dtype.

    >>> out = np.empty((2, 1, 2), np.uint8)
    >>> write_planes(np.uint8([[[1, 2], [3, 4]]]), out)
    >>> out.tolist()
    [[[1, 3]], [[2, 4]]]
    """
    if len(out) == 1:
        out[0] = img.reshape(img.shape[:2])
    elif img.dtype in _DTYPES:
        cv2.split(img, [*out])
    else:
        out[...] = np.moveaxis(img, -1, 0)
