"""Checks of constructor arguments, so that a mistake shows where it is made.

Each takes the owner's name and the argument's, and returns the value in one normal form. They
raise TypeError for what is of the wrong kind, ValueError for what is out of range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import cv2

__all__ = [
    "around_one",
    "callable_or_none",
    "finite",
    "interpolation",
    "interval",
    "not_negative",
    "positive_int",
    "probability",
    "shape_2d",
]

_INTERPOLATIONS = frozenset(
    {
        cv2.INTER_NEAREST,
        cv2.INTER_LINEAR,
        cv2.INTER_CUBIC,
        cv2.INTER_AREA,
        cv2.INTER_LANCZOS4,
        cv2.INTER_LINEAR_EXACT,
        cv2.INTER_NEAREST_EXACT,
    }
)


def shape_2d(owner: str, name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Return (height, width) of a positive int, which means a square, or a pair of them.

    >>> shape_2d("Resize", "shape", 224)
    (224, 224)
    """
    pair = value if isinstance(value, Sequence) else (value, value)
    if isinstance(pair, str) or len(pair) != 2:
        raise TypeError(f"{owner}: {name} must be an int or a pair (height, width), got {value!r}")
    if not all(_is_int(side) for side in pair):
        raise TypeError(f"{owner}: {name} must be an int or a pair of ints, got {value!r}")
    height, width = int(pair[0]), int(pair[1])
    if height <= 0 or width <= 0:
        raise ValueError(f"{owner}: {name} must be positive, got {value!r}")
    return height, width


def positive_int(owner: str, name: str, value: int) -> int:
    """Return a positive int."""
    if not _is_int(value):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r}")
    if value <= 0:
        raise ValueError(f"{owner}: {name} must be positive, got {value!r}")
    return int(value)


def finite(owner: str, name: str, value: float) -> float:
    """Return a finite number."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{owner}: {name} must be finite, got {value!r}")
    return float(value)


def not_negative(owner: str, name: str, value: float) -> float:
    """Return a finite number that is not below zero."""
    number = finite(owner, name, value)
    if number < 0:
        raise ValueError(f"{owner}: {name} must not be negative, got {value!r}")
    return number


def probability(owner: str, name: str, value: float) -> float:
    """Return a number within [0, 1]."""
    number = finite(owner, name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{owner}: {name} must lie within [0, 1], got {value!r}")
    return number


def interval(
    owner: str,
    name: str,
    value: Sequence[float],
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> tuple[float, float]:
    """Return (low, high) with minimum <= low <= high <= maximum."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(f"{owner}: {name} must be a pair (low, high), got {value!r}")
    low, high = finite(owner, name, value[0]), finite(owner, name, value[1])
    if low > high:
        raise ValueError(f"{owner}: {name} must not have low above high, got {value!r}")
    if low < minimum or high > maximum:
        raise ValueError(
            f"{owner}: {name} must lie within [{minimum:g}, {maximum:g}], got {value!r}"
        )
    return low, high


def around_one(owner: str, name: str, value: float | Sequence[float]) -> tuple[float, float]:
    """Return the (low, high) of a factor: a scalar s means [max(0, 1 - s), 1 + s).

    >>> around_one("ColorJitter", "contrast", 0.5)
    (0.5, 1.5)
    """
    if isinstance(value, Sequence):
        return interval(owner, name, value, minimum=0.0)
    spread = not_negative(owner, name, value)
    return max(0.0, 1.0 - spread), 1.0 + spread


def interpolation(owner: str, value: int) -> int:
    """Return one of OpenCV's interpolations."""
    if value not in _INTERPOLATIONS:
        raise ValueError(f"{owner}: interp must be one of cv2's INTER_* constants, got {value!r}")
    return int(value)


def callable_or_none(owner: str, name: str, value: object) -> None:
    """Accept None or anything that can be called."""
    if value is not None and not callable(value):
        raise TypeError(f"{owner}: {name} must be callable, got {value!r}")


def _is_int(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
