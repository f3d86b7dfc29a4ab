"""Sharpen or soften."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.pixel_moves import MANY, keep_axes, sampled
from dataflow_image.imgaug.transforms.rounding import to_dtype

__all__ = ["SharpnessTransform"]

_SMOOTH = np.array(((1, 1, 1), (1, 5, 1), (1, 1, 1)), np.float32) / 13.0
_LEAST_SIDE = 3


@dataclass(frozen=True)
class SharpnessTransform(StationaryTransform):
    """Blend with a softened image: factor * p + (1 - factor) * soft(p), but for the outermost rim.

    Kernel and rim are those of Pillow and torchvision.

    >>> SharpnessTransform(1.0).apply_image(np.uint8([[1, 2, 3]])).tolist()
    [[1, 2, 3]]

    Attributes:
        factor: 0 softens, 1 changes nothing, more sharpens.
    """

    factor: float

    def apply_image(self, img: Image) -> Image:
        """Return the image, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        require_uint8_or_float(self, img)
        if min(image_size(img)) < _LEAST_SIDE:
            return img
        # One kernel does both: nothing is rounded between.
        kernel = (1.0 - self.factor) * _SMOOTH
        kernel[1, 1] += self.factor
        depth = cv2.CV_32F if img.dtype == np.uint8 else -1
        result = sampled(img, lambda part, _: cv2.filter2D(part, depth, kernel), MANY)
        result = keep_axes(result, img)
        result = to_dtype(result, img.dtype, clip=True)
        for rim in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
            result[rim] = img[rim]
        return result

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec
