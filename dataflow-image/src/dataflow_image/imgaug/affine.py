"""Augmentors that shift, scale, turn and shear."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import WarpAffineTransform

__all__ = ["Affine", "Shift"]


class Shift(ImageAugmentor):
    """Shift by a random whole number of pixels; the image keeps its size.

    >>> Shift(horiz_frac=0.1)
    Shift(horiz_frac=0.1, vert_frac=0.0, border=1, border_value=0.0)

    Args:
        horiz_frac: greatest shift to either side, as a fraction of the width, within [0, 1].
        vert_frac: greatest shift up or down, as a fraction of the height, within [0, 1].
        border: how to fill what comes in, one of cv2's BORDER_* constants.
        border_value: the value that BORDER_CONSTANT fills in, or one per channel.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a fraction is beyond [0, 1], or `border` unknown.
    """

    reads_pixels = False

    def __init__(
        self,
        horiz_frac: float = 0,
        vert_frac: float = 0,
        border: int = cv2.BORDER_REPLICATE,
        border_value: float | Sequence[float] = 0,
    ) -> None:
        self.horiz_frac = arguments.probability("Shift", "horiz_frac", horiz_frac)
        self.vert_frac = arguments.probability("Shift", "vert_frac", vert_frac)
        self.border = arguments.border("Shift", border)
        self.border_value = arguments.pixel_value("Shift", "border_value", border_value)

    def get_transform(self, img: Image) -> WarpAffineTransform:
        """Draw the shift."""
        h, w = image_size(img)
        dx, dy = _draw_shift(self.rng, self.horiz_frac * w, self.vert_frac * h)
        return WarpAffineTransform(
            ((1.0, 0.0, dx), (0.0, 1.0, dy)),
            (w, h),
            borderMode=self.border,
            borderValue=self.border_value,
        )


class Affine(ImageAugmentor):
    """Shear, turn, scale and shift at random, in this order, in one warp.

    The first three keep the centre of the image where it is. The image keeps its size.

    >>> import numpy as np
    >>> twice = Affine(scale=(2.0, 2.0), rotate_max_deg=0.0)
    >>> twice.get_transform(np.zeros((40, 60))).apply_coords(np.array([[40.0, 20.0]]))
    array([[50., 20.]])

    Args:
        scale: (low, high) of the factor; None leaves the scale.
        translate_frac: greatest shift in whole pixels, as fractions (of the width, of the height)
            within [0, 1]; None shifts nothing.
        rotate_max_deg: draws the angle from [-rotate_max_deg, rotate_max_deg), in degrees,
            counter-clockwise.
        shear: draws the angle by which columns lean from [-shear, shear), in degrees, below 90.
        interp: one of cv2's INTER_* constants.
        border: how to fill what lies outside of the image, one of cv2's BORDER_* constants.
        border_value: the value that BORDER_CONSTANT fills in, or one per channel.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a value is out of range.
    """

    reads_pixels = False

    def __init__(
        self,
        scale: Sequence[float] | None = None,
        translate_frac: Sequence[float] | None = None,
        rotate_max_deg: float = 0.0,
        shear: float = 0.0,
        interp: int = cv2.INTER_LINEAR,
        border: int = cv2.BORDER_REPLICATE,
        border_value: float | Sequence[float] = 0,
    ) -> None:
        self.scale = None if scale is None else arguments.interval("Affine", "scale", scale)
        if self.scale is not None and self.scale[0] <= 0:
            raise ValueError(f"Affine: scale must be above zero, got {scale!r}")
        self.translate_frac = None
        if translate_frac is not None:
            horiz, vert = arguments.pair(
                "Affine", "translate_frac", translate_frac, "(horizontal, vertical)"
            )
            self.translate_frac = (
                arguments.probability("Affine", "translate_frac", horiz),
                arguments.probability("Affine", "translate_frac", vert),
            )
        self.rotate_max_deg = arguments.not_negative("Affine", "rotate_max_deg", rotate_max_deg)
        self.shear = arguments.not_negative("Affine", "shear", shear)
        if self.shear >= _RIGHT_ANGLE:
            raise ValueError(f"Affine: shear must be below 90 degrees, got {shear!r}")
        self.interp = arguments.interpolation("Affine", interp, warps=True)
        self.border = arguments.border("Affine", border)
        self.border_value = arguments.pixel_value("Affine", "border_value", border_value)

    def get_transform(self, img: Image) -> WarpAffineTransform:
        """Draw the warp."""
        h, w = image_size(img)
        rng = self.rng
        scale = 1.0 if self.scale is None else rng.uniform(*self.scale)
        horiz, vert = self.translate_frac or (0.0, 0.0)
        shift = _draw_shift(rng, horiz * w, vert * h)
        lean = math.radians(rng.uniform(-self.shear, self.shear))
        angle = math.radians(rng.uniform(-self.rotate_max_deg, self.rotate_max_deg))
        sheared = np.array(((1.0, math.sin(lean)), (0.0, math.cos(lean))))
        # y points down, so this turns counter-clockwise as one sees it.
        turned = np.array(((math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))))
        linear = scale * turned @ sheared
        centre = np.array((w, h)) * 0.5 - 0.5
        offset = centre - linear @ centre + shift
        return WarpAffineTransform(
            np.column_stack((linear, offset)),
            (w, h),
            self.interp,
            self.border,
            self.border_value,
        )


_RIGHT_ANGLE = 90.0


def _draw_shift(rng: np.random.Generator, most_x: float, most_y: float) -> tuple[float, float]:
    # Whole pixels, so that a mere shift does not blur.
    x, y = math.floor(most_x), math.floor(most_y)
    return float(rng.integers(-x, x + 1)), float(rng.integers(-y, y + 1))
