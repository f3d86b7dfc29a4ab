"""Augmentors that change the dtype."""

from __future__ import annotations

from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import CastTransform

__all__ = ["ToFloat32", "ToUint8"]


class ToUint8(ImageAugmentor):
    """Round to uint8, values beyond [0, 255] clipped to it.

    >>> import numpy as np
    >>> ToUint8().augment(np.array([[-1.0, 0.6, 256.0]])).tolist()
    [[0, 1, 255]]
    """

    reads_pixels = False

    def get_transform(self, img: Image) -> CastTransform:
        """Return the cast."""
        return CastTransform("uint8")


class ToFloat32(ImageAugmentor):
    """Turn into float32, values unchanged: uint8 gives 0.0 to 255.0.

    >>> import numpy as np
    >>> ToFloat32().augment(np.uint8([[255]]))
    array([[255.]], dtype=float32)
    """

    reads_pixels = False

    def get_transform(self, img: Image) -> CastTransform:
        """Return the cast."""
        return CastTransform("float32")
