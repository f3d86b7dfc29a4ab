"""Normalisation and clipping of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count
from dataflow_image.imgaug.transforms.photometric import StationaryTransform

__all__ = ["ClipTransform", "NormalizeTransform"]


@dataclass(frozen=True)
class NormalizeTransform(StationaryTransform):
    """Compute (p - mean) / std as float32.

    >>> NormalizeTransform((1.0,), (2.0,)).apply_image(np.uint8([[1, 5]]))
    array([[0., 2.]], dtype=float32)

    Attributes:
        mean: one value for all channels, or one per channel, in units of pixel values.
        std: likewise.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply_image(self, img: Image) -> Image:
        """Return the float32 image.

        Raises:
            ValueError: the image has another number of channels.
        """
        channels = channel_count(img)
        for values in (self.mean, self.std):
            if len(values) not in (1, channels):
                raise ValueError(f"{self!r} was given an image of {channels} channels")
        result = img.astype(np.float32, order="C")
        # In place and over whole rows: numpy is some ten times slower along an axis of three, and
        # a second array of this size costs more than the arithmetic.
        height, width = img.shape[:2]
        rows = result.reshape(height, width * channels)
        rows -= np.resize(np.array(self.mean, np.float32), width * channels)
        rows *= np.resize(1.0 / np.array(self.std, np.float32), width * channels)
        return result

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` as float32."""
        return ImageSpec(spec.shape, np.dtype(np.float32))


@dataclass(frozen=True)
class ClipTransform(StationaryTransform):
    """Clip values to [min, max].

    >>> ClipTransform(0.0, 10.0).apply_image(np.array([[-1.0, 5.0, 11.0]]))
    array([[ 0.,  5., 10.]])

    Attributes:
        min: the least value, in units of pixel values.
        max: the greatest value.
    """

    min: float
    max: float

    def apply_image(self, img: Image) -> Image:
        """Return the clipped image, of the same dtype."""
        if np.issubdtype(img.dtype, np.integer):
            info = np.iinfo(img.dtype)
            # Bounds beyond what the dtype can hold clip nothing.
            low = int(np.clip(np.ceil(self.min), info.min, info.max))
            high = int(np.clip(np.floor(self.max), info.min, info.max))
            return np.clip(img, low, high)
        return np.clip(img, self.min, self.max).astype(img.dtype, copy=False)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec
