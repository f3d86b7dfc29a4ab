"""Flip and transpose."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.pixel_moves import is_movable, keep_axes, move_bits
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points, in_double

__all__ = ["FlipTransform", "TransposeTransform"]


@dataclass(frozen=True)
class FlipTransform(Transform):
    """Mirror an image of (h, w) left to right, or upside down.

    >>> import numpy as np
    >>> FlipTransform(10, 20).apply_coords(np.array([[3.0, 4.0]]))
    array([[17.,  4.]])

    Attributes:
        h: height of the image, in pixels.
        w: width of the image, in pixels.
        horiz: left to right; else upside down.
    """

    h: int
    w: int
    horiz: bool = True

    def __post_init__(self) -> None:
        """Refuse lengths that are no positive ints."""
        if not (type(self.h) is type(self.w) is int and type(self.horiz) is bool):
            arguments.settle(self, arguments.positive_int, "h", "w")
            object.__setattr__(self, "horiz", bool(self.horiz))

    def apply_image(self, img: Image) -> Image:
        """Return the mirrored image.

        Raises:
            ValueError: the image is not of the size that the transform was made for.
        """
        size = image_size(img)
        if size != (self.h, self.w):
            raise ValueError(f"{self!r} was given an image of {size[0]}x{size[1]} (h x w)")
        if not is_movable(img):
            mirrored: Image = np.ascontiguousarray(img[:, ::-1] if self.horiz else img[::-1])
            return mirrored
        return keep_axes(cv2.flip(img, 1 if self.horiz else 0), img)

    def apply_coords(self, coords: Coords) -> Coords:
        """Mirror the points: x becomes w - x, or y becomes h - y."""
        given = as_points(coords)
        points = in_double(given).copy()
        axis, length = (0, self.w) if self.horiz else (1, self.h)
        points[:, axis] = length - points[:, axis]
        return points.astype(given.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return the mirrored mask."""
        return move_bits(mask, self.apply_image)

    def inverse(self) -> FlipTransform:
        """Return itself."""
        return self

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


# Bytes of a pixel, all channels together, that OpenCV can move at once.
_TRANSPOSABLE = frozenset({1, 2, 3, 4, 6, 8, 12, 16, 24, 32})


@dataclass(frozen=True)
class TransposeTransform(Transform):
    """Exchange rows and columns.

    >>> import numpy as np
    >>> TransposeTransform().apply_image(np.uint8([[1, 2, 3]])).tolist()
    [[1], [2], [3]]
    """

    def apply_image(self, img: Image) -> Image:
        """Return the (width, height) image."""
        image_size(img)
        if not is_movable(img) or img.itemsize * channel_count(img) not in _TRANSPOSABLE:
            transposed: Image = np.ascontiguousarray(img.swapaxes(0, 1))
            return transposed
        return keep_axes(cv2.transpose(img), img)

    def apply_coords(self, coords: Coords) -> Coords:
        """Exchange x and y."""
        exchanged: Coords = as_points(coords)[:, ::-1]
        return exchanged

    def apply_mask(self, mask: Image) -> Image:
        """Return the (width, height) mask."""
        return move_bits(mask, self.apply_image)

    def inverse(self) -> TransposeTransform:
        """Return itself."""
        return self

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` with height and width exchanged."""
        return spec.resized(spec.shape[1], spec.shape[0])
