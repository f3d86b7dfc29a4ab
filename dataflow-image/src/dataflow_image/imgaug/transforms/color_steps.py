"""Colour operations that are affine maps of a pixel's channels, and how they compose.

A step maps each pixel p, a column of three channels in the image's own order, to L p + t. Such
maps compose to one of their kind, so any run of them is one map. Contrast also needs the mean of
the image it meets; the mean of an affine image is the affine image of the mean, so the first
image's channel means are enough for a whole run.

The maps are tuples of plain floats: twelve numbers are too few for numpy, which would take longer
to make its arrays than to compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from dataflow_image.imgaug.transforms.plain_data import PlainData

__all__ = [
    "BGR_TO_GREY",
    "IDENTITY",
    "RGB_TO_GREY",
    "ColorMap",
    "ColorStep",
    "Contrast",
    "LinearColor",
    "Weights",
    "brightness",
    "compose",
    "saturation",
    "shift",
]

Weights: TypeAlias = tuple[float, float, float]
"""One number per channel."""

_Row: TypeAlias = tuple[float, float, float, float]

ColorMap: TypeAlias = tuple[_Row, _Row, _Row]
"""3x4: row i holds the weights of the three channels in the new channel i, and what is added."""

IDENTITY: Final[ColorMap] = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))

# Luma of ITU-R BT.601, as OpenCV, Pillow and torchvision have it.
RGB_TO_GREY: Weights = (0.299, 0.587, 0.114)
BGR_TO_GREY: Weights = (0.114, 0.587, 0.299)


class ColorStep(Protocol):
    """One affine colour operation, as plain data."""

    @property
    def needs_mean(self) -> bool:
        """Whether `after` looks at the mean."""

    def after(self, first: ColorMap, mean: Weights) -> ColorMap:
        """Return the map that does `first`, and then this step.

        Args:
            first: what is done before.
            mean: of each channel, before `first`.
        """


@dataclass(frozen=True)
class LinearColor(PlainData):
    """A map that is the same for every image.

    Attributes:
        rows: 3x4; row i holds the weights of the three channels in the new channel i, and what is
            added to it, in units of pixel values.
    """

    rows: ColorMap

    @property
    def needs_mean(self) -> bool:
        """Never."""
        return False

    def after(self, first: ColorMap, mean: Weights) -> ColorMap:
        """Return the product of the two maps."""
        if first is IDENTITY:
            return self.rows
        (a0, b0, c0, t0), (a1, b1, c1, t1), (a2, b2, c2, t2) = first
        one, two, three = [
            (
                x * a0 + y * a1 + z * a2,
                x * b0 + y * b1 + z * b2,
                x * c0 + y * c1 + z * c2,
                x * t0 + y * t1 + z * t2 + added,
            )
            for x, y, z, added in self.rows
        ]
        return one, two, three


@dataclass(frozen=True)
class Contrast(PlainData):
    """Blend with the mean: factor * p + (1 - factor) * mean.

    Attributes:
        factor: 0 leaves nothing but the mean, 1 changes nothing.
        weights: of the channels in the grey image whose mean all channels take, or None for
            each channel's own mean.
    """

    factor: float
    weights: Weights | None = BGR_TO_GREY

    @property
    def needs_mean(self) -> bool:
        """Always."""
        return True

    def after(self, first: ColorMap, mean: Weights) -> ColorMap:
        """Return the map, which scales all of `first` and adds a share of the mean after it."""
        factor, rest = self.factor, 1.0 - self.factor
        x, y, z = mean
        m0, m1, m2 = [a * x + b * y + c * z + t for a, b, c, t in first]
        if self.weights is not None:
            w0, w1, w2 = self.weights
            m0 = m1 = m2 = w0 * m0 + w1 * m1 + w2 * m2
        one, two, three = [
            (factor * a, factor * b, factor * c, factor * t + rest * target)
            for (a, b, c, t), target in zip(first, (m0, m1, m2))
        ]
        return one, two, three


def brightness(factor: float) -> LinearColor:
    """Multiply every channel by `factor`."""
    return LinearColor(((factor, 0.0, 0.0, 0.0), (0.0, factor, 0.0, 0.0), (0.0, 0.0, factor, 0.0)))


def shift(delta: Sequence[float]) -> LinearColor:
    """Add one value to each of the three channels."""
    first, second, third = delta
    return LinearColor(((1.0, 0.0, 0.0, first), (0.0, 1.0, 0.0, second), (0.0, 0.0, 1.0, third)))


def saturation(factor: float, weights: Weights = BGR_TO_GREY) -> LinearColor:
    """Blend with the pixel's own grey: factor * p + (1 - factor) * grey(p)."""
    a, b, c = ((1.0 - factor) * weight for weight in weights)
    return LinearColor(((factor + a, b, c, 0.0), (a, factor + b, c, 0.0), (a, b, factor + c, 0.0)))


def compose(steps: Sequence[ColorStep], mean: Weights) -> ColorMap:
    """Return the map that equals all steps, one after the other.

    >>> compose([brightness(2.0), Contrast(0.5)], (10.0, 10.0, 10.0))[0]
    (1.0, 0.0, 0.0, 10.0)

    Args:
        steps: in the order in which they are applied.
        mean: of each of the three channels before the first step; only steps with `needs_mean`
            look at it.
    """
    result = IDENTITY
    for step in steps:
        result = step.after(result, mean)
    return result
