"""Spread an image's own values over all that there are, by tables made from its histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.lookup import look_up
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.rounding import to_uint8

__all__ = ["AutoContrastTransform", "EqualizeTransform"]

_LEVELS = 256


@dataclass(frozen=True)
class AutoContrastTransform(StationaryTransform):
    """Stretch each channel so that its values fill [0, 255]; a uniform channel stays as it is.

    >>> AutoContrastTransform().apply_image(np.uint8([[50, 100, 150]])).tolist()
    [[0, 128, 255]]
    """

    def apply_image(self, img: Image) -> Image:
        """Return the stretched image, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        require_uint8_or_float(self, img)
        return _by_table(img, _stretch)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


@dataclass(frozen=True)
class EqualizeTransform(StationaryTransform):
    """Equalise the histogram of each channel, by the formula of Pillow and torchvision.

    >>> ramp = np.arange(100, 200, dtype=np.uint8).reshape(1, -1).repeat(50, axis=0)
    >>> equal = EqualizeTransform().apply_image(ramp)
    >>> int(equal.min()), int(equal.max())
    (0, 255)
    """

    def apply_image(self, img: Image) -> Image:
        """Return the equalised image, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        require_uint8_or_float(self, img)
        return _by_table(img, _equalize)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


def _by_table(img: Image, table: Callable[[Image], Image]) -> Image:
    values = img if img.dtype == np.uint8 else to_uint8(img)
    channels = channel_count(values)
    planes = [values.reshape(values.shape[:2])] if channels == 1 else cv2.split(values)
    mapped = []
    for plane in planes:
        histogram = cv2.calcHist([plane], [0], None, [_LEVELS], [0, _LEVELS]).ravel()
        mapped.append(look_up(plane, table(histogram.astype(np.int64))))
    result = mapped[0] if channels == 1 else cv2.merge(mapped)
    return result.reshape(img.shape).astype(img.dtype, copy=False)


def _stretch(histogram: Image) -> Image:
    levels = np.arange(_LEVELS)
    present = np.flatnonzero(histogram)
    low, high = int(present[0]), int(present[-1])
    if low == high:
        return levels.astype(np.uint8)
    scale = (_LEVELS - 1) / (high - low)
    return to_uint8((levels - low) * scale)


def _equalize(histogram: Image) -> Image:
    present = np.flatnonzero(histogram)
    step = int(histogram.sum() - histogram[present[-1]]) // (_LEVELS - 1)
    if step == 0:
        return np.arange(_LEVELS, dtype=np.uint8)
    below = np.concatenate([[0], np.cumsum(histogram)[:-1]])
    table: Image = np.clip((below + step // 2) // step, 0, _LEVELS - 1).astype(np.uint8)
    return table
