"""Change an image's dtype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.rounding import to_uint8

__all__ = ["CastTransform"]


@dataclass(frozen=True)
class CastTransform(StationaryTransform):
    """Turn the values into uint8, rounded and clipped to [0, 255], or into float32, unscaled.

    >>> CastTransform("uint8").apply_image(np.array([[-3.0, 1.6, 300.0]])).tolist()
    [[0, 2, 255]]

    Attributes:
        dtype: the dtype of the result.
    """

    dtype: Literal["uint8", "float32"]

    def apply_image(self, img: Image) -> Image:
        """Return the image in the other dtype; the image itself if it has that already."""
        if img.dtype == self.dtype:
            return img
        if self.dtype == "float32":
            return img.astype(np.float32)
        return to_uint8(img)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` with the other dtype."""
        return ImageSpec(spec.shape, np.dtype(self.dtype))
