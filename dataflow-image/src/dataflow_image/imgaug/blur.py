"""Blur."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import integer, uniform
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import GaussianBlurTransform

__all__ = ["GaussianBlur"]


class GaussianBlur(ImageAugmentor):
    """Blur by a Gaussian of random size.

    >>> GaussianBlur((0, 2))
    GaussianBlur(size_range=(0, 2), sigma_range=(0.0, 0.0), symmetric=True)

    Args:
        size_range: (low, high) of the window's radius r, drawn from [low, high) in pixels; the
            window is 2 r + 1 long, and r = 0 with sigma 0 changes nothing.
        sigma_range: (low, high) of the standard deviation, in pixels; for 0 OpenCV derives it from
            the radius: 0.3 (r - 1) + 0.8.
        symmetric: draw one radius and one sigma for both axes; else for each its own.
        max_size: stands for `size_range=(0, max_size)`.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a range is empty or negative.
    """

    reads_pixels = False

    def __init__(
        self,
        size_range: Sequence[int] = (0, 3),
        sigma_range: Sequence[float] = (0, 0),
        symmetric: bool = True,
        max_size: int | None = None,
    ) -> None:
        owner = "GaussianBlur"
        if max_size is not None:
            size_range = (0, arguments.positive_int(owner, "max_size", max_size))
        self.size_range = arguments.integer_interval(owner, "size_range", size_range, minimum=0)
        self.sigma_range = arguments.interval(owner, "sigma_range", sigma_range, minimum=0.0)
        self.symmetric = bool(symmetric)

    def get_transform(self, img: Image) -> GaussianBlurTransform:
        """Draw radius and sigma."""
        rng = self.rng
        size_x = size_y = 2 * integer(rng, *self.size_range) + 1
        sigma_x = sigma_y = uniform(rng, *self.sigma_range)
        if not self.symmetric:
            size_y = 2 * integer(rng, *self.size_range) + 1
            sigma_y = uniform(rng, *self.sigma_range)
        return GaussianBlurTransform((size_x, size_y), (sigma_x, sigma_y))
