"""Change the colour space."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image, channel_count
from dataflow_image.imgaug.transforms.dtypes import readable_by_opencv
from dataflow_image.imgaug.transforms.photometric import StationaryTransform

__all__ = ["ColorSpaceTransform"]

# Bayer patterns, and YUV whose pixels share their chroma or lie in planes.
_SHARING = re.compile(r"Bayer|YUV.*(_|420)")
_SHARED_CODES = frozenset(
    code for name, code in vars(cv2).items() if name.startswith("COLOR_") and _SHARING.search(name)
)


@dataclass(frozen=True)
class ColorSpaceTransform(StationaryTransform):
    """Convert an image with `cv2.cvtColor`.

    Attributes:
        mode: one of OpenCV's COLOR_* codes.
        keepdims: make a result of one channel (h, w, 1), not (h, w).
        channels: repeat a result of one channel so many times.
    """

    mode: int
    keepdims: bool = True
    channels: int = 1

    @property
    def is_pixelwise(self) -> bool:
        """Whether each pixel of the result comes of the one in its place, and of no other."""
        return self.mode not in _SHARED_CODES

    def apply_image(self, img: Image) -> Image:
        """Return the converted image.

        Raises:
            TypeError: OpenCV does not know the dtype.
        """
        img = readable_by_opencv(img)
        if img.dtype in (np.float16, np.float64):
            # Which OpenCV has no colour spaces for.
            return self.apply_image(img.astype(np.float32)).astype(img.dtype)
        result = cv2.cvtColor(img, self.mode)
        if channel_count(result) > 1:
            return result
        if self.channels > 1:
            return cv2.merge([result] * self.channels)
        return result[:, :, np.newaxis] if self.keepdims else result
