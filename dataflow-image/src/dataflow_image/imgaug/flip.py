"""Augmentors that mirror and transpose."""

from __future__ import annotations

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import (
    FlipTransform,
    NoOpTransform,
    Transform,
    TransposeTransform,
)

__all__ = ["Flip", "Transpose"]


class Flip(ImageAugmentor):
    """Mirror with some probability, left to right or upside down.

    >>> Flip(horiz=True)
    Flip(horiz=True, vert=False, prob=0.5)

    Args:
        horiz: mirror left to right.
        vert: mirror upside down; exactly one of the two is asked for.
        prob: within [0, 1].

    Raises:
        ValueError: both directions or none, or `prob` is no probability.
    """

    reads_pixels = False

    def __init__(self, horiz: bool = False, vert: bool = False, prob: float = 0.5) -> None:
        if bool(horiz) == bool(vert):
            raise ValueError(
                f"Flip: exactly one of horiz and vert must be True, got horiz={horiz!r}, "
                f"vert={vert!r}; for both use two Flips"
            )
        self.horiz = bool(horiz)
        self.vert = bool(vert)
        self.prob = arguments.probability("Flip", "prob", prob)

    def get_transform(self, img: Image) -> Transform:
        """Draw whether to mirror."""
        if self.rng.random() >= self.prob:
            return NoOpTransform()
        return FlipTransform(*image_size(img), self.horiz)


class Transpose(ImageAugmentor):
    """Exchange rows and columns with some probability.

    >>> Transpose()
    Transpose(prob=0.5)

    Args:
        prob: within [0, 1].

    Raises:
        ValueError: `prob` is no probability.
    """

    reads_pixels = False

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = arguments.probability("Transpose", "prob", prob)

    def get_transform(self, img: Image) -> Transform:
        """Draw whether to transpose."""
        return TransposeTransform() if self.rng.random() < self.prob else NoOpTransform()
