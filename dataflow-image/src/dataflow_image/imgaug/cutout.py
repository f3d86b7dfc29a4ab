"""Blot a rectangle out."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import CutoutTransform

__all__ = ["RandomCutout"]


class RandomCutout(ImageAugmentor):
    """Fill a rectangle of random shape, anywhere within the image, with one value.

    After DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with
    Cutout"; here the whole rectangle lies within the image.

    >>> import numpy as np
    >>> int(RandomCutout(2, 3).augment(np.ones((9, 9), np.uint8)).sum())
    75

    Args:
        h_range: height in pixels, or (low, high) to draw it from [low, high).
        w_range: width, likewise.
        fill: the value, or one per channel.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a range is empty or not positive; or, from `get_transform`, the rectangle that
            was drawn is larger than the image.
    """

    reads_pixels = False

    def __init__(
        self,
        h_range: int | Sequence[int],
        w_range: int | Sequence[int],
        fill: float | Sequence[float] = 0.0,
    ) -> None:
        owner = "RandomCutout"
        self.h_range = arguments.integer_interval(owner, "h_range", h_range, minimum=1)
        self.w_range = arguments.integer_interval(owner, "w_range", w_range, minimum=1)
        self.fill = arguments.pixel_value(owner, "fill", fill)

    def get_transform(self, img: Image) -> CutoutTransform:
        """Draw shape and place."""
        height, width = image_size(img)
        rng = self.rng
        h, w = int(rng.integers(*self.h_range)), int(rng.integers(*self.w_range))
        if h > height or w > width:
            raise ValueError(
                f"{self!r} drew a rectangle of {h}x{w} (h x w) for an image of {height}x{width}: "
                "lower its ranges, or put Resize before it"
            )
        y0, x0 = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        return CutoutTransform(y0, x0, h, w, self.fill)
