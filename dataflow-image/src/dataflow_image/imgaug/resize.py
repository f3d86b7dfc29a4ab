"""Augmentors that resize."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import ResizeTransform

__all__ = ["Resize", "ResizeShortestEdge"]


class Resize(ImageAugmentor):
    """Resize to a fixed shape, whatever that does to the aspect ratio.

    >>> import numpy as np
    >>> Resize((2, 3)).augment(np.zeros((8, 8, 3), np.uint8)).shape
    (2, 3, 3)

    Args:
        shape: (height, width) in pixels, or an int for a square.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: `shape` is made of something else.
        ValueError: `shape` is not positive, or `interp` unknown.
    """

    reads_pixels = False

    def __init__(self, shape: int | Sequence[int], interp: int = cv2.INTER_LINEAR) -> None:
        self.shape = arguments.shape_2d("Resize", "shape", shape)
        self.interp = arguments.interpolation("Resize", interp)

    def get_transform(self, img: Image) -> ResizeTransform:
        """Return the resize from the image's size."""
        return ResizeTransform(*image_size(img), *self.shape, self.interp)


class ResizeShortestEdge(ImageAugmentor):
    """Resize so that the shorter edge gets a fixed length, keeping the aspect ratio.

    >>> import numpy as np
    >>> ResizeShortestEdge(10).augment(np.zeros((20, 31), np.uint8)).shape
    (10, 16)

    Args:
        size: length of the shorter edge, in pixels; the other one is rounded.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: `size` is no int.
        ValueError: `size` is not positive, or `interp` unknown.
    """

    reads_pixels = False

    def __init__(self, size: int, interp: int = cv2.INTER_LINEAR) -> None:
        self.size = arguments.positive_int("ResizeShortestEdge", "size", size)
        self.interp = arguments.interpolation("ResizeShortestEdge", interp)

    def get_transform(self, img: Image) -> ResizeTransform:
        """Return the resize from the image's size."""
        h, w = image_size(img)
        scale = self.size / min(h, w)
        return ResizeTransform(h, w, int(h * scale + 0.5), int(w * scale + 0.5), self.interp)
