"""Deform smoothly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import GaussianDeformTransform

__all__ = ["GaussianDeform"]


class GaussianDeform(ImageAugmentor):
    """Pull the image about at some anchors, each by a random vector that fades with distance.

    >>> anchors = [(0.2, 0.2), (0.7, 0.2), (0.8, 0.8), (0.5, 0.5), (0.2, 0.5)]
    >>> GaussianDeform(anchors, (360, 480), randrange=20).randrange
    20.0

    Args:
        anchors: (y, x) of each, as fractions of height and width.
        shape: (height, width) of the images, all alike.
        sigma: how far an anchor reaches: at a distance d, measured like the anchors in fractions,
            it pulls with weight exp(-d^2 / sigma).
        randrange: draws both components of each vector from [-randrange, randrange), in pixels;
            None takes an eighth of the height.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: there is no anchor, or a value is out of range; or, from `get_transform`, the
            image is of another shape.
    """

    reads_pixels = False

    def __init__(
        self,
        anchors: Sequence[Sequence[float]],
        shape: int | Sequence[int],
        sigma: float = 0.5,
        randrange: float | None = None,
    ) -> None:
        owner = "GaussianDeform"
        if not isinstance(anchors, Sequence | np.ndarray):
            raise TypeError(f"{owner}: anchors must be a list of pairs (y, x), got {anchors!r}")
        if not len(anchors):
            raise ValueError(f"{owner}: anchors is empty")
        self.anchors = tuple(_anchor(owner, anchor) for anchor in anchors)
        self.shape = arguments.shape_2d(owner, "shape", shape)
        self.sigma = arguments.finite(owner, "sigma", sigma)
        if self.sigma <= 0:
            raise ValueError(f"{owner}: sigma must be above zero, got {sigma!r}")
        most = self.shape[0] / 8 if randrange is None else randrange
        self.randrange = arguments.not_negative(owner, "randrange", most)

    def get_transform(self, img: Image) -> GaussianDeformTransform:
        """Draw the vectors."""
        size = image_size(img)
        if size != self.shape:
            raise ValueError(
                f"{self!r} was given an image of {size[0]}x{size[1]} (h x w): put Resize before it"
            )
        drawn = self.rng.uniform(-self.randrange, self.randrange, (len(self.anchors), 2)).tolist()
        vectors = tuple((dy, dx) for dy, dx in drawn)
        return GaussianDeformTransform(*self.shape, self.anchors, vectors, self.sigma)


def _anchor(owner: str, value: object) -> tuple[float, float]:
    y, x = arguments.pair(owner, "each of anchors", value, "(y, x)")
    return arguments.finite(owner, "anchors", y), arguments.finite(owner, "anchors", x)
