"""Take an image's channels apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image, channel_count

__all__ = ["channel_planes"]

# What OpenCV takes apart with one pass over the pixels, in every version that is supported.
_DTYPES: Final = frozenset(
    map(np.dtype, (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64))
)


def channel_planes(img: Image) -> Sequence[Image]:
    """Return each channel as an array (height, width).

    They may be views, and lie in memory as it comes.

    >>> [plane.tolist() for plane in channel_planes(np.uint8([[[1, 2], [3, 4]]]))]
    [[[1, 3]], [[2, 4]]]
    """
    channels = channel_count(img)
    if channels == 1:
        return (img.reshape(img.shape[:2]),)
    if img.dtype in _DTYPES:
        planes: Sequence[Image] = cv2.split(img)
        return planes
    return [img[..., channel] for channel in range(channels)]
