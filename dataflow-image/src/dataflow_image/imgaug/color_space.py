"""Augmentors that change the colour space."""

from __future__ import annotations

import cv2

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import ColorSpaceTransform

__all__ = ["ColorSpace", "Grayscale"]


class ColorSpace(ImageAugmentor):
    """Convert with `cv2.cvtColor`.

    >>> import numpy as np
    >>> ColorSpace(cv2.COLOR_BGR2GRAY).augment(np.zeros((2, 2, 3), np.uint8)).shape
    (2, 2, 1)

    Args:
        mode: one of cv2's COLOR_* codes.
        keepdims: make a result of one channel (height, width, 1), not (height, width).

    Raises:
        TypeError: `mode` is no int.
        ValueError: `mode` is no COLOR_* code.
    """

    def __init__(self, mode: int, keepdims: bool = True) -> None:
        self.mode = arguments.color_code("ColorSpace", "mode", mode)
        self.keepdims = bool(keepdims)

    def get_transform(self, img: Image) -> ColorSpaceTransform:
        """Return the conversion."""
        return ColorSpaceTransform(self.mode, self.keepdims)


class Grayscale(ImageAugmentor):
    """Turn colour images grey.

    >>> import numpy as np
    >>> Grayscale(keepshape=True).augment(np.zeros((2, 2, 3), np.uint8)).shape
    (2, 2, 3)

    Args:
        keepdims: return (height, width, 1), not (height, width).
        rgb: channels are RGB (True) or BGR (False).
        keepshape: return three equal channels.
    """

    def __init__(self, keepdims: bool = True, rgb: bool = False, keepshape: bool = False) -> None:
        self.keepdims = bool(keepdims)
        self.rgb = bool(rgb)
        self.keepshape = bool(keepshape)

    def get_transform(self, img: Image) -> ColorSpaceTransform:
        """Return the conversion."""
        mode = cv2.COLOR_RGB2GRAY if self.rgb else cv2.COLOR_BGR2GRAY
        return ColorSpaceTransform(mode, self.keepdims, 3 if self.keepshape else 1)
