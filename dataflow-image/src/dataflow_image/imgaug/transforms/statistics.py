"""Normalise by what is measured in the image itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.photometric import StationaryTransform

__all__ = ["RescaleTransform", "StandardizeTransform"]


@dataclass(frozen=True)
class StandardizeTransform(StationaryTransform):
    """Compute (p - mean) / std as float32, with the image's own mean and standard deviation.

    The deviation is not taken for less than 1 / sqrt(number of values), which keeps uniform images
    finite, as TensorFlow's `per_image_standardization` does.

    >>> StandardizeTransform().apply_image(np.uint8([[0, 200]]))
    array([[-1.,  1.]], dtype=float32)

    Attributes:
        all_channel: measure all channels together; else each by itself.
    """

    all_channel: bool = True

    def apply_image(self, img: Image) -> Image:
        """Return the float32 image."""
        pixels = _pixels(img, together=self.all_channel)
        # In float64, where sums of a whole image keep their digits.
        mean = pixels.mean(axis=0, dtype=np.float64)
        std = pixels.std(axis=0, dtype=np.float64)
        least = 1.0 / np.sqrt(len(pixels))
        scale = (1.0 / np.maximum(std, least)).astype(np.float32)
        result: Image = (pixels - mean.astype(np.float32)) * scale
        return result.reshape(img.shape)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` as float32."""
        return ImageSpec(spec.shape, np.dtype(np.float32))


@dataclass(frozen=True)
class RescaleTransform(StationaryTransform):
    """Map the image's own range of values onto [min, max], as float32.

    A uniform image becomes `min` everywhere.

    >>> RescaleTransform(0.0, 1.0).apply_image(np.uint8([[50, 100, 150]]))
    array([[0. , 0.5, 1. ]], dtype=float32)

    Attributes:
        min: what the least value becomes.
        max: what the greatest value becomes.
        all_channel: measure all channels together; else each by itself.
    """

    min: float
    max: float
    all_channel: bool = True

    def apply_image(self, img: Image) -> Image:
        """Return the float32 image."""
        pixels = _pixels(img, together=self.all_channel)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        spread = np.where(high > low, high - low, 1.0)
        result: Image = (pixels - low) * ((self.max - self.min) / spread).astype(np.float32)
        result += np.float32(self.min)
        return result.reshape(img.shape)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` as float32."""
        return ImageSpec(spec.shape, np.dtype(np.float32))


def _pixels(img: Image, *, together: bool) -> npt.NDArray[np.float32]:
    """Return the values as float32 rows: of one column, or of one column per channel."""
    image_size(img)
    return img.astype(np.float32).reshape(-1, 1 if together else channel_count(img))
