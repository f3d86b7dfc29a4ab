"""Blur by a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.pixel_moves import MANY, keep_axes, sampled

__all__ = ["GaussianBlurTransform"]


@dataclass(frozen=True)
class GaussianBlurTransform(StationaryTransform):
    """Blur as `cv2.GaussianBlur` does, the image continued by its outermost pixels.

    >>> import numpy as np
    >>> spike = np.uint8([[0, 0, 64, 0, 0]])
    >>> GaussianBlurTransform((3, 1), (0.85, 0.0)).apply_image(spike).tolist()
    [[0, 16, 32, 16, 0]]

    Attributes:
        size: (width, height) of the window, odd, in pixels.
        sigma: standard deviations (along x, along y), in pixels; 0 is derived from `size`.
    """

    size: tuple[int, int]
    sigma: tuple[float, float] = (0.0, 0.0)

    def apply_image(self, img: Image) -> Image:
        """Return the blurred image, of the same shape and dtype."""
        if self.size == (1, 1):
            return img
        (x, y), border = self.sigma, cv2.BORDER_REPLICATE

        def blur(part: Image, _: int) -> Image:
            return cv2.GaussianBlur(part, self.size, x, sigmaY=y, borderType=border)

        return keep_axes(sampled(img, blur, MANY), img)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec
