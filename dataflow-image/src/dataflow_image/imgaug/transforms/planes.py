"""Take an image's channels apart."""

from __future__ import annotations

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.pixel_moves import is_movable

__all__ = ["write_planes"]


def write_planes(img: Image, out: Image) -> None:
    """Write each channel of an image into `out`, (channels, height, width) of the same dtype.

    >>> out = np.empty((2, 1, 2), np.uint8)
    >>> write_planes(np.uint8([[[1, 2], [3, 4]]]), out)
    >>> out.tolist()
    [[[1, 3]], [[2, 4]]]
    """
    if len(out) == 1:
        out[0] = img.reshape(img.shape[:2])
    elif is_movable(img):
        # In one pass over the pixels.
        cv2.split(img, [*out])
    else:
        out[...] = np.moveaxis(img, -1, 0)
