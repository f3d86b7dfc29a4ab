"""Colour operations that are affine maps of a pixel's channels, and how they compose.

A step maps each pixel p, a column of three channels in the image's own order, to L p + t. As 4x4
matrices over (p, 1) steps compose by multiplication, so any run of them is one map. Contrast also
needs the mean of the image it meets; the mean of an affine image is the affine image of the mean,
so the first image's channel means are enough for a whole run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.transforms.plain_data import PlainData

__all__ = [
    "BGR_TO_GREY",
    "RGB_TO_GREY",
    "ColorStep",
    "Contrast",
    "LinearColor",
    "Matrix",
    "brightness",
    "compose",
    "saturation",
    "shift",
]

Matrix: TypeAlias = npt.NDArray[np.float64]

Weights: TypeAlias = tuple[float, float, float]

# Luma of ITU-R BT.601, as OpenCV, Pillow and torchvision have it.
RGB_TO_GREY: Weights = (0.299, 0.587, 0.114)
BGR_TO_GREY: Weights = (0.114, 0.587, 0.299)


class ColorStep(Protocol):
    """One affine colour operation, as plain data."""

    @property
    def needs_mean(self) -> bool:
        """Whether `matrix` looks at the mean."""

    def matrix(self, mean: Matrix) -> Matrix:
        """Return the 4x4 map, given (mean of each channel, 1) of what it is applied to."""


@dataclass(frozen=True)
class LinearColor(PlainData):
    """A map that is the same for every image.

    Attributes:
        rows: 3x4; row i holds the weights of the three channels in the new channel i, and what is
            added to it, in units of pixel values.
    """

    rows: tuple[tuple[float, float, float, float], ...]

    @property
    def needs_mean(self) -> bool:
        """Never."""
        return False

    def matrix(self, mean: Matrix) -> Matrix:
        """Return the 4x4 map."""
        return np.array((*self.rows, (0.0, 0.0, 0.0, 1.0)))


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

    def matrix(self, mean: Matrix) -> Matrix:
        """Return the 4x4 map."""
        result = np.diag((self.factor, self.factor, self.factor, 1.0))
        target = mean[:3] if self.weights is None else mean[:3] @ np.array(self.weights)
        result[:3, 3] = (1.0 - self.factor) * target
        return result


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


def compose(steps: Sequence[ColorStep], mean: Sequence[float]) -> Matrix:
    """Return the 4x4 map that equals all steps, one after the other.

    >>> compose([brightness(2.0), Contrast(0.5)], (10.0, 10.0, 10.0))[0].tolist()
    [1.0, 0.0, 0.0, 10.0]

    Args:
        steps: in the order in which they are applied.
        mean: of each of the three channels before the first step; only steps with `needs_mean`
            look at it.
    """
    start = np.array((*mean, 1.0))
    result = np.eye(4)
    for step in steps:
        result = step.matrix(result @ start) @ result
    return result
