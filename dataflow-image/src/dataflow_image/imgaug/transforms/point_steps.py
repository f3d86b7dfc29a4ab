"""Operations that treat every single value by itself, whatever its channel and neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.plain_data import PlainData

__all__ = ["GammaStep", "PointStep", "PosterizeStep", "SolarizeStep"]

_WHITE = 255.0
_BITS = 8


class PointStep(Protocol):
    """One operation on values, as plain data."""

    def apply(self, values: Image) -> Image:
        """Return the new values, given floats within [0, 255]."""


@dataclass(frozen=True)
class GammaStep(PlainData):
    """Compute 255 (value / 255) ** (1 / (1 + gamma)).

    Attributes:
        gamma: above -1; positive numbers brighten.
    """

    gamma: float

    def apply(self, values: Image) -> Image:
        """Return the corrected values."""
        corrected: Image = _WHITE * (values / _WHITE) ** (1.0 / (1.0 + self.gamma))
        return corrected


@dataclass(frozen=True)
class PosterizeStep(PlainData):
    """Keep the highest bits of the value's whole part.

    Attributes:
        bits: how many of 8.
    """

    bits: int

    def apply(self, values: Image) -> Image:
        """Return the values with few levels."""
        step = 2 ** (_BITS - self.bits)
        kept: Image = np.floor(values / step) * step
        return kept


@dataclass(frozen=True)
class SolarizeStep(PlainData):
    """Invert the values that are not below a threshold.

    Attributes:
        threshold: in units of pixel values.
    """

    threshold: float

    def apply(self, values: Image) -> Image:
        """Return the solarised values."""
        return np.where(values >= self.threshold, _WHITE - values, values)
