"""Gamma correction."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import uniform
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import PointTransform
from dataflow_image.imgaug.transforms.point_steps import GammaStep

__all__ = ["Gamma"]


class Gamma(ImageAugmentor):
    """Correct by a random gamma g: 255 (value / 255) ** (1 / (1 + g)).

    >>> Gamma()
    Gamma(range=(-0.5, 0.5))

    Args:
        range: (low, high) of g, above -1; positive numbers brighten. A number s stands for
            (-s, s).

    Raises:
        TypeError: `range` is of another kind.
        ValueError: it is empty, or not above -1.
    """

    reads_pixels = False

    def __init__(self, range: float | Sequence[float] = (-0.5, 0.5)) -> None:  # noqa: A002  # the name users know
        self.range = arguments.around_zero("Gamma", "range", range)
        if self.range[0] <= -1:
            raise ValueError(f"Gamma: range must lie above -1, got {range!r}")

    def get_transform(self, img: Image) -> PointTransform:
        """Draw g."""
        return PointTransform((GammaStep(uniform(self.rng, *self.range)),))
