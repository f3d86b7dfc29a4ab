"""Normalisation and clipping of values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.channels_first import ChannelsFirstTransform
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
        channels_first: lay the result out as (channels, height, width).
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels_first: bool = False

    def apply_image(self, img: Image) -> Image:
        """Return the float32 image.

        Raises:
            ValueError: the image has another number of channels.
        """
        result: Image = np.empty(self.spec_for(img).shape, np.float32)
        self.write(img, result)
        return result

    def spec_for(self, img: Image) -> ImageSpec:
        """Describe the result for `img`, for which there is sure to be one.

        Raises:
            ValueError: the image has another number of channels.
        """
        image_size(img)
        channels = channel_count(img)
        for values in (self.mean, self.std):
            if len(values) not in (1, channels):
                raise ValueError(f"{self!r} was given an image of {channels} channels")
        return self.spec_after(ImageSpec.of(img))

    def write(self, img: Image, out: Image) -> None:
        """Write the result into `out`, a C-contiguous array as `spec_for` describes it.

        Either way the arithmetic is the same: all results are equal to the last bit.
        """
        if self.channels_first:
            self._write_planes(img, out)
            return
        # Over whole rows: numpy is some ten times slower along an axis of three.
        values = out.reshape(len(out), -1)
        shifts, scales = _per_channel(self.mean, self.std, values.shape[1])
        np.copyto(out, img, casting="same_kind")
        np.subtract(values, shifts, out=values)
        np.multiply(values, scales, out=values)

    def _write_planes(self, img: Image, out: Image) -> None:
        planes = ChannelsFirstTransform().apply_image(img)
        if img.dtype == np.uint8:
            # In one pass, and few calls: threads queue up for the interpreter after each of them.
            for plane, table, values in zip(planes, _tables(self.mean, self.std, len(out)), out):
                cv2.LUT(plane, table, values)
            return
        shifts, scales = _per_channel(self.mean, self.std, len(out))
        np.copyto(out, planes, casting="same_kind")
        np.subtract(out, shifts[:, None, None], out=out)
        np.multiply(out, scales[:, None, None], out=out)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` as float32, in the new layout."""
        if self.channels_first:
            spec = ChannelsFirstTransform().spec_after(spec)
        return ImageSpec(spec.shape, np.dtype(np.float32))


@lru_cache(maxsize=64)
def _per_channel(
    mean: tuple[float, ...], std: tuple[float, ...], count: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what to subtract and then to multiply by, over and over up to `count` values."""
    shifts = np.resize(np.array(mean, np.float32), count)
    scales = np.resize(1.0 / np.array(std, np.float32), count)
    # One and the same for all callers.
    shifts.flags.writeable = scales.flags.writeable = False
    return shifts, scales


@lru_cache(maxsize=64)
def _tables(
    mean: tuple[float, ...], std: tuple[float, ...], channels: int
) -> npt.NDArray[np.float32]:
    """Return what becomes of each value of uint8, as (channels, 256)."""
    shifts, scales = _per_channel(mean, std, channels)
    values = np.arange(256, dtype=np.float32)
    tables = (values - shifts[:, None]) * scales[:, None]
    tables.flags.writeable = False
    return tables


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
