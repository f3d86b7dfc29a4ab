"""Resize."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.pixel_moves import keep_axes, move_bits, sampled
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points, in_double

__all__ = ["ResizeTransform"]


@dataclass(frozen=True)
class ResizeTransform(Transform):
    """Resize an image of (h, w) to (new_h, new_w).

    >>> ResizeTransform(10, 20, 5, 5).apply_coords(np.array([[20.0, 10.0]]))
    array([[5., 5.]])

    Attributes:
        h: height before, in pixels.
        w: width before, in pixels.
        new_h: height after, in pixels.
        new_w: width after, in pixels.
        interp: OpenCV's interpolation for images; masks always take the nearest pixel.
    """

    h: int
    w: int
    new_h: int
    new_w: int
    interp: int = cv2.INTER_LINEAR

    def __post_init__(self) -> None:
        """Refuse lengths that are no positive ints, and an unknown interpolation."""
        # One is made for each image, so what is right passes at a glance.
        if not (
            type(self.h) is type(self.w) is type(self.new_h) is type(self.new_w) is int
            and type(self.interp) is int
            and self.h > 0
            and self.w > 0
            and self.new_h > 0
            and self.new_w > 0
            and self.interp in arguments.INTERPOLATIONS
        ):
            arguments.settle(self, arguments.positive_int, "h", "w", "new_h", "new_w")
            interp = arguments.interpolation("ResizeTransform", self.interp)
            object.__setattr__(self, "interp", interp)

    def apply_image(self, img: Image) -> Image:
        """Return the image at its new size; the image itself if that is its size already.

        Raises:
            ValueError: the image is not of the size that the transform was made for.
        """
        return self._resize(img, self.interp)

    def apply_coords(self, coords: Coords) -> Coords:
        """Scale the points."""
        given = as_points(coords)
        points = in_double(given)
        scaled: Coords = points * np.array([self.new_w / self.w, self.new_h / self.h], points.dtype)
        return scaled.astype(given.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask at its new size, each pixel that of the nearest centre."""
        return move_bits(mask, lambda bits: self._resize(bits, cv2.INTER_NEAREST_EXACT))

    def inverse(self) -> ResizeTransform:
        """Return the resize to the former size."""
        return ResizeTransform(self.new_h, self.new_w, self.h, self.w, self.interp)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` at the new size."""
        return spec.resized(self.new_h, self.new_w)

    def _resize(self, img: Image, interp: int) -> Image:
        size = image_size(img)
        if size != (self.h, self.w):
            raise ValueError(f"{self!r} was given an image of {size[0]}x{size[1]} (h x w)")
        if size == (self.new_h, self.new_w):
            return img
        new_size = (self.new_w, self.new_h)

        def resize(part: Image, _: int) -> Image:
            return cv2.resize(part, new_size, interpolation=interp)

        return keep_axes(sampled(img, resize), img)
