"""Put an image onto a larger background."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.plain_data import PlainData
from dataflow_image.imgaug.transforms.rounding import to_fill
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points, in_double

__all__ = ["BackgroundFiller", "ConstantBackgroundFiller", "PasteTransform"]


class BackgroundFiller(PlainData, ABC):
    """Makes backgrounds. It is plain data, and the same image always gets the same one."""

    @abstractmethod
    def fill(self, background_shape: tuple[int, int], img: Image) -> Image:
        """Return a new (height, width) background with the channels and dtype of `img`."""


@dataclass(frozen=True)
class ConstantBackgroundFiller(BackgroundFiller):
    """Backgrounds of one value.

    >>> ConstantBackgroundFiller(7).fill((1, 2), np.zeros((1, 1), np.uint8)).tolist()
    [[7, 7]]

    Attributes:
        value: a number, or one per channel; rounded and clipped where the image holds ints.
    """

    value: float | Sequence[float]

    def __post_init__(self) -> None:
        """Bring several values into a tuple, so that fillers compare by value.

        Raises:
            TypeError: the value is neither a number nor a sequence of numbers.
        """
        value = arguments.pixel_value("ConstantBackgroundFiller", "value", self.value)
        object.__setattr__(self, "value", value)

    def fill(self, background_shape: tuple[int, int], img: Image) -> Image:
        """Return the background."""
        shape = (*background_shape, *img.shape[2:])
        return np.full(shape, to_fill(self.value, img.dtype), img.dtype)


@dataclass(frozen=True)
class PasteTransform(Transform):
    """Put an image of (h, w) onto a background, its upper left pixel at (y0, x0).

    >>> PasteTransform(0, 1, 1, 1, 1, 3).apply_image(np.uint8([[5]])).tolist()
    [[0, 5, 0]]

    Attributes:
        y0: the image's first row on the background, in pixels.
        x0: the image's first column on the background, in pixels.
        h: height of the image, in pixels.
        w: width of the image, in pixels.
        new_h: height of the background, in pixels.
        new_w: width of the background, in pixels.
        filler: makes the background of images; that of masks is zero.
    """

    y0: int
    x0: int
    h: int
    w: int
    new_h: int
    new_w: int
    filler: BackgroundFiller = field(default_factory=lambda: ConstantBackgroundFiller(0))

    def __post_init__(self) -> None:
        """Refuse what is no int."""
        if not (
            type(self.y0) is type(self.x0) is type(self.h) is type(self.w) is int
            and type(self.new_h) is type(self.new_w) is int
        ):
            arguments.settle(self, arguments.integer, "y0", "x0")
            arguments.settle(self, arguments.positive_int, "h", "w", "new_h", "new_w")

    def apply_image(self, img: Image) -> Image:
        """Return the background with the image on it.

        Raises:
            ValueError: the image is not of the size that the transform was made for.
        """
        return self._paste(img, self.filler.fill((self.new_h, self.new_w), img))

    def apply_coords(self, coords: Coords) -> Coords:
        """Shift the points."""
        given = as_points(coords)
        points = in_double(given)
        moved: Coords = points + np.array([self.x0, self.y0], points.dtype)
        return moved.astype(given.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask, with zeros around it."""
        return self._paste(mask, np.zeros((self.new_h, self.new_w, *mask.shape[2:]), mask.dtype))

    def inverse(self) -> CropTransform:
        """Return the crop of the image from the background."""
        return CropTransform(self.y0, self.x0, self.h, self.w)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` at the size of the background."""
        return spec.resized(self.new_h, self.new_w)

    def _paste(self, img: Image, background: Image) -> Image:
        size = image_size(img)
        if size != (self.h, self.w):
            raise ValueError(f"{self!r} was given an image of {size[0]}x{size[1]} (h x w)")
        background[self.y0 : self.y0 + self.h, self.x0 : self.x0 + self.w] = img
        return background
