"""Crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points, in_double

__all__ = ["CropTransform"]


@dataclass(frozen=True)
class CropTransform(Transform):
    """Cut the window of (h, w) out whose upper left pixel is (y0, x0).

    The result is a view: it costs nothing, and keeps the whole image alive.

    >>> CropTransform(1, 2, 2, 2).apply_image(np.arange(20).reshape(4, 5))
    array([[ 7,  8],
           [12, 13]])

    Attributes:
        y0: first row, in pixels.
        x0: first column, in pixels.
        h: height of the window, in pixels.
        w: width of the window, in pixels.
    """

    y0: int
    x0: int
    h: int
    w: int

    def __post_init__(self) -> None:
        """Refuse what is no int, and a window without pixels."""
        # One is made for each image, so what is right passes at a glance.
        if not (
            type(self.y0) is type(self.x0) is type(self.h) is type(self.w) is int
            and self.h > 0
            and self.w > 0
        ):
            arguments.settle(self, arguments.integer, "y0", "x0")
            arguments.settle(self, arguments.positive_int, "h", "w")

    def apply_image(self, img: Image) -> Image:
        """Return a view of the window.

        Raises:
            ValueError: the window does not lie within the image.
        """
        height, width = image_size(img)
        bottom, right = self.y0 + self.h, self.x0 + self.w
        if self.y0 < 0 or self.x0 < 0 or bottom > height or right > width:
            raise ValueError(f"{self!r} does not lie within an image of {height}x{width} (h x w)")
        window: Image = img[self.y0 : bottom, self.x0 : right]
        return window

    def apply_coords(self, coords: Coords) -> Coords:
        """Shift the points; those outside of the window are kept as they are."""
        given = as_points(coords)
        points = in_double(given)
        moved: Coords = points - np.array([self.x0, self.y0], points.dtype)
        return moved.astype(given.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return a view of the window."""
        return self.apply_image(mask)

    def inverse(self) -> Transform:
        """Refuse.

        Raises:
            NotImplementedError: always; the size of the whole image is not known here.
        """
        raise NotImplementedError(
            f"{self!r} has no inverse, because it does not know the size of the whole image; "
            f"PasteTransform({self.y0}, {self.x0}, {self.h}, {self.w}, height, width) is one"
        )

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` at the size of the window."""
        return spec.resized(self.h, self.w)
