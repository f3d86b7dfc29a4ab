"""Turn the hue."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.photometric import StationaryTransform

__all__ = ["HueTransform"]

_COLOR_CHANNELS = 3

_BGR_CODES = (cv2.COLOR_BGR2HSV, cv2.COLOR_HSV2BGR)
_RGB_CODES = (cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB)

# OpenCV's uint8 hue counts half degrees. Its finer *_FULL codes are not inverse to one another.
_UINT8_TURN = 180


@dataclass(frozen=True)
class HueTransform(StationaryTransform):
    """Turn the hue of every pixel round the colour circle, keeping saturation and value.

    uint8 images resolve the circle in 180 parts, as OpenCV does. Grey images have no hue and stay
    as they are.

    >>> red = np.array([[[0, 0, 255]]], np.uint8)
    >>> HueTransform(180.0).apply_image(red).tolist()
    [[[255, 255, 0]]]

    Attributes:
        degrees: the turn, from red towards green.
        rgb: channels come in RGB order instead of BGR.
    """

    degrees: float
    rgb: bool = False

    def apply_image(self, img: Image) -> Image:
        """Return the image with other hues, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
            ValueError: it has neither one nor three channels.
        """
        require_uint8_or_float(self, img)
        channels = channel_count(img)
        if channels == 1:
            return img
        if channels != _COLOR_CHANNELS:
            raise ValueError(f"{self!r} needs an image of one or three channels, got {channels}")
        to_hsv, from_hsv = _RGB_CODES if self.rgb else _BGR_CODES
        if img.dtype == np.uint8:
            hue, saturation, value = cv2.split(cv2.cvtColor(img, to_hsv))
            turned = _turned(hue, round(self.degrees * _UINT8_TURN / 360.0) % _UINT8_TURN)
            return cv2.cvtColor(cv2.merge((turned, saturation, value)), from_hsv)
        hsv = cv2.cvtColor(img.astype(np.float32, copy=False), to_hsv)
        hsv[..., 0] = (hsv[..., 0] + self.degrees) % 360.0
        return cv2.cvtColor(hsv, from_hsv).astype(img.dtype, copy=False)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


def _turned(hue: Image, shift: int) -> Image:
    """Return (hue + shift) modulo 180, in wrapping uint8 arithmetic; both are within [0, 180).

    A table would do, but OpenCV looks values up one by one.
    """
    # 180 less is 76 more, modulo 256.
    result = (hue >= np.uint8(_UINT8_TURN - shift)).view(np.uint8)
    result *= np.uint8(256 - _UINT8_TURN)
    result += hue
    result += np.uint8(shift)
    return result
