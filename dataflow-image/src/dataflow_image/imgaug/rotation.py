"""Augmentors that rotate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import CropTransform, TransformList, WarpAffineTransform

__all__ = ["Rotation", "RotationAndCropValid", "largest_upright_window"]


class Rotation(ImageAugmentor):
    """Rotate by a random angle about a random centre; the image keeps its size.

    >>> Rotation(15).max_deg
    15.0

    Args:
        max_deg: draws the angle from [-max_deg, max_deg), in degrees, counter-clockwise.
        center_range: (low, high) of the centre's place, as a fraction of the width, and drawn
            apart of the height.
        interp: one of cv2's INTER_* constants.
        border: how to fill what lies outside of the image, one of cv2's BORDER_* constants.
        step_deg: draw multiples of this within [-max_deg, max_deg] instead, all as likely.
        border_value: the value that BORDER_CONSTANT fills in, or one per channel.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a range is empty, or a value out of range.
    """

    reads_pixels = False

    def __init__(
        self,
        max_deg: float,
        center_range: Sequence[float] = (0, 1),
        interp: int = cv2.INTER_LINEAR,
        border: int = cv2.BORDER_REPLICATE,
        step_deg: float | None = None,
        border_value: float | Sequence[float] = 0,
    ) -> None:
        self.max_deg = arguments.not_negative("Rotation", "max_deg", max_deg)
        self.center_range = arguments.interval("Rotation", "center_range", center_range)
        self.interp = arguments.interpolation("Rotation", interp, warps=True)
        self.border = arguments.border("Rotation", border)
        self.step_deg = _step("Rotation", step_deg)
        self.border_value = arguments.pixel_value("Rotation", "border_value", border_value)

    def get_transform(self, img: Image) -> WarpAffineTransform:
        """Draw centre and angle."""
        h, w = image_size(img)
        rng = self.rng
        x, y = rng.uniform(*self.center_range, 2) * (w, h) - 0.5
        degrees = _draw_degrees(rng, self.max_deg, self.step_deg)
        matrix = cv2.getRotationMatrix2D((float(x), float(y)), degrees, 1.0)
        return WarpAffineTransform(matrix, (w, h), self.interp, self.border, self.border_value)


class RotationAndCropValid(ImageAugmentor):
    """Rotate about the centre by a random angle, and keep the largest window that has no border.

    >>> import numpy as np
    >>> RotationAndCropValid(0).augment(np.zeros((40, 60, 3), np.uint8)).shape
    (40, 60, 3)

    Args:
        max_deg: draws the angle from [-max_deg, max_deg), in degrees, counter-clockwise.
        interp: one of cv2's INTER_* constants.
        step_deg: draw multiples of this within [-max_deg, max_deg] instead, all as likely.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a value is out of range.
    """

    reads_pixels = False

    def __init__(
        self, max_deg: float, interp: int = cv2.INTER_LINEAR, step_deg: float | None = None
    ) -> None:
        owner = "RotationAndCropValid"
        self.max_deg = arguments.not_negative(owner, "max_deg", max_deg)
        self.interp = arguments.interpolation(owner, interp, warps=True)
        self.step_deg = _step(owner, step_deg)

    def get_transform(self, img: Image) -> TransformList:
        """Draw the angle."""
        h, w = image_size(img)
        degrees = _draw_degrees(self.rng, self.max_deg, self.step_deg)
        matrix = cv2.getRotationMatrix2D((w * 0.5 - 0.5, h * 0.5 - 0.5), degrees, 1.0)
        # The outermost pixels of the window lean on neighbours that may lie just outside.
        warp = WarpAffineTransform(matrix, (w, h), self.interp, cv2.BORDER_REPLICATE)
        valid_h, valid_w = largest_upright_window(h, w, degrees)
        crop_h = min(h, max(1, math.floor(valid_h + _ROUNDING)))
        crop_w = min(w, max(1, math.floor(valid_w + _ROUNDING)))
        crop = CropTransform((h - crop_h) // 2, (w - crop_w) // 2, crop_h, crop_w)
        return TransformList([warp, crop])


# Lengths that are whole numbers in truth must not lose a pixel to floating point.
_ROUNDING = 1e-9


def largest_upright_window(h: float, w: float, degrees: float) -> tuple[float, float]:
    """Return (height, width) of the largest upright rectangle within a rotated (h, w) one.

    The rectangle's corners must satisfy  x |cos| + y |sin| <= w  and  x |sin| + y |cos| <= h,
    for its width x and height y. On the first line alone the area x y is greatest where both terms
    are w / 2, and likewise on the second; where such a point breaks the other condition, both hold
    as equations.

    >>> largest_upright_window(10, 10, 45)
    (7.07..., 7.07...)
    >>> largest_upright_window(3, 5, 90)
    (5.0, 3.0)
    """
    sin, cos = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    # Quarter turns, whose sine or cosine is zero but for floating point.
    if min(sin, cos) < _ROUNDING:
        return (float(h), float(w)) if sin < cos else (float(w), float(h))
    short = min(h, w)
    if short <= 2.0 * sin * cos * max(h, w) or abs(sin - cos) < _ROUNDING:
        along, across = 0.5 * short / sin, 0.5 * short / cos
        return (across, along) if w >= h else (along, across)
    square = cos * cos - sin * sin
    return (h * cos - w * sin) / square, (w * cos - h * sin) / square


def _step(owner: str, step_deg: float | None) -> float | None:
    if step_deg is None:
        return None
    step = arguments.finite(owner, "step_deg", step_deg)
    if step <= 0:
        raise ValueError(f"{owner}: step_deg must be above zero, got {step_deg!r}")
    return step


def _draw_degrees(rng: np.random.Generator, most: float, step: float | None) -> float:
    if step is None:
        return float(rng.uniform(-most, most))
    steps = math.floor(most / step + _ROUNDING)
    return step * int(rng.integers(-steps, steps + 1))
