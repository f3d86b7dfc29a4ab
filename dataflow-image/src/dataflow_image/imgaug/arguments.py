"""Checks of constructor arguments, so that a mistake shows where it is made.

Each takes the owner's name and the argument's, and returns the value in one normal form. They
raise TypeError for what is of the wrong kind, ValueError for what is out of range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TypeGuard

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "BORDERS",
    "INTERPOLATIONS",
    "INTERPOLATIONS_OF_WARPS",
    "around_one",
    "around_zero",
    "array",
    "border",
    "color_code",
    "finite",
    "function",
    "integer",
    "integer_interval",
    "integer_pair",
    "interpolation",
    "interval",
    "not_negative",
    "pair",
    "pixel_value",
    "positive_int",
    "probability",
    "settle",
    "shape_2d",
]

INTERPOLATIONS = frozenset(
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

_ONLY_RESIZES = frozenset({cv2.INTER_LINEAR_EXACT, cv2.INTER_NEAREST_EXACT})

INTERPOLATIONS_OF_WARPS = INTERPOLATIONS - _ONLY_RESIZES

# OpenCV's ways to fill what lies outside of an image. A warp has no BORDER_ISOLATED, and
# BORDER_TRANSPARENT would leave memory as it was found.
BORDERS = frozenset(
    {
        cv2.BORDER_CONSTANT,
        cv2.BORDER_REPLICATE,
        cv2.BORDER_REFLECT,
        cv2.BORDER_REFLECT_101,
        cv2.BORDER_WRAP,
    }
)

_COLOR_CODES = frozenset(
    code
    for name, code in vars(cv2).items()
    if name.startswith("COLOR_") and name != "COLOR_COLORCVT_MAX"
)

_PAIR = 2


def shape_2d(owner: str, name: str, value: object) -> tuple[int, int]:
    """Return (height, width) of a positive int, which means a square, or a pair of them.

    >>> shape_2d("Resize", "shape", 224)
    (224, 224)
    """
    height, width = value if _is_pair(value) else (value, value)
    if not isinstance(height, Integral) or not isinstance(width, Integral):
        raise TypeError(f"{owner}: {name} must be an int or a pair (height, width), got {value!r}")
    return positive_int(owner, name, height), positive_int(owner, name, width)


def positive_int(owner: str, name: str, value: object) -> int:
    """Return a positive int."""
    number = integer(owner, name, value)
    if number <= 0:
        raise ValueError(f"{owner}: {name} must be positive, got {value!r}")
    return number


def integer(owner: str, name: str, value: object) -> int:
    """Return an int; a bool is none."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r}")
    return int(value)


def finite(owner: str, name: str, value: object) -> float:
    """Return a finite number."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{owner}: {name} must be finite, got {value!r}")
    return number


def not_negative(owner: str, name: str, value: object) -> float:
    """Return a finite number that is not below zero."""
    number = finite(owner, name, value)
    if number < 0:
        raise ValueError(f"{owner}: {name} must not be negative, got {value!r}")
    return number


def probability(owner: str, name: str, value: object) -> float:
    """Return a number within [0, 1]."""
    number = finite(owner, name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{owner}: {name} must lie within [0, 1], got {value!r}")
    return number


def interval(
    owner: str,
    name: str,
    value: object,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> tuple[float, float]:
    """Return (low, high) with minimum <= low <= high <= maximum."""
    if not _is_pair(value):
        raise TypeError(f"{owner}: {name} must be a pair (low, high), got {value!r}")
    low, high = finite(owner, name, value[0]), finite(owner, name, value[1])
    if low > high:
        raise ValueError(f"{owner}: {name} must not have low above high, got {value!r}")
    if low < minimum or high > maximum:
        raise ValueError(
            f"{owner}: {name} must lie within [{minimum:g}, {maximum:g}], got {value!r}"
        )
    return low, high


def integer_interval(
    owner: str, name: str, value: object, *, minimum: int, maximum: float = math.inf
) -> tuple[int, int]:
    """Return the (low, high) of an int that is drawn from [low, high); a scalar n is always n.

    >>> integer_interval("RandomCutout", "h_range", 5, minimum=1)
    (5, 6)
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = (value, value + 1)
    if not _is_pair(value):
        raise TypeError(f"{owner}: {name} must be an int or a pair (low, high), got {value!r}")
    low, high = integer(owner, name, value[0]), integer(owner, name, value[1])
    if low >= high:
        raise ValueError(f"{owner}: {name} draws from [low, high), so low < high; got {value!r}")
    if low < minimum or high - 1 > maximum:
        raise ValueError(
            f"{owner}: {name} must draw from within [{minimum}, {maximum:g}], got {value!r}"
        )
    return low, high


def integer_pair(owner: str, name: str, value: object, *, minimum: int) -> tuple[int, int]:
    """Return a pair of ints, none below `minimum`."""
    if not _is_pair(value):
        raise TypeError(f"{owner}: {name} must be a pair of ints, got {value!r}")
    first, second = integer(owner, name, value[0]), integer(owner, name, value[1])
    if min(first, second) < minimum:
        raise ValueError(f"{owner}: {name} must not be below {minimum}, got {value!r}")
    return first, second


def pair(owner: str, name: str, value: object, parts: str) -> tuple[object, object]:
    """Return both parts of a pair, whatever they are; `parts` names them, for the error."""
    if not _is_pair(value):
        raise TypeError(f"{owner}: {name} must be a pair {parts}, got {value!r}")
    return value[0], value[1]


def array(
    owner: str, name: str, value: npt.ArrayLike, shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Return finite numbers in an array of the given shape."""
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"{owner}: {name} must be numbers of shape {shape}, got {value!r}"
        ) from None
    if numbers.shape != shape:
        raise ValueError(f"{owner}: {name} must have shape {shape}, got {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{owner}: {name} must be finite, got {value!r}")
    return numbers


def around_zero(
    owner: str, name: str, value: object, *, limit: float = math.inf
) -> tuple[float, float]:
    """Return the (low, high) of a change: a scalar s means [-s, s)."""
    if isinstance(value, Real):
        spread = not_negative(owner, name, value)
        # Not -spread, whose zero would print as -0.0.
        value = (0.0 - spread, spread)
    return interval(owner, name, value, minimum=-limit, maximum=limit)


def around_one(owner: str, name: str, value: object) -> tuple[float, float]:
    """Return the (low, high) of a factor: a scalar s means [max(0, 1 - s), 1 + s).

    >>> around_one("ColorJitter", "contrast", 0.5)
    (0.5, 1.5)
    """
    if isinstance(value, Real):
        spread = not_negative(owner, name, value)
        value = (max(0.0, 1.0 - spread), 1.0 + spread)
    return interval(owner, name, value, minimum=0.0)


def interpolation(owner: str, value: object, *, warps: bool = False) -> int:
    """Return one of OpenCV's interpolations, such as can `warps` and not only resize."""
    number = integer(owner, "interp", value)
    if number not in INTERPOLATIONS:
        raise ValueError(
            f"{owner}: interp must be one of cv2's INTER_* constants, without flags such as "
            f"cv2.WARP_INVERSE_MAP, got {value!r}"
        )
    if warps and number in _ONLY_RESIZES:
        raise ValueError(
            f"{owner}: cv2.INTER_LINEAR_EXACT and INTER_NEAREST_EXACT are for resizing only, and "
            "this warps; take INTER_LINEAR or INTER_NEAREST"
        )
    return number


def border(owner: str, value: object, name: str = "border") -> int:
    """Return one of OpenCV's ways to fill what lies outside of an image."""
    number = integer(owner, name, value)
    if number not in BORDERS:
        raise ValueError(
            f"{owner}: {name} must be cv2.BORDER_CONSTANT, _REPLICATE, _REFLECT, _REFLECT_101 or "
            f"_WRAP, got {value!r}"
        )
    return number


def color_code(owner: str, name: str, value: object) -> int:
    """Return one of OpenCV's conversions between colour spaces."""
    number = integer(owner, name, value)
    if number not in _COLOR_CODES:
        raise ValueError(f"{owner}: {name} must be one of cv2's COLOR_* constants, got {value!r}")
    return number


def pixel_value(owner: str, name: str, value: object) -> float | tuple[float, ...]:
    """Return a number, or one per channel as a tuple."""
    if isinstance(value, Real):
        return finite(owner, name, value)
    if not _is_row(value) or not len(value):
        raise TypeError(f"{owner}: {name} must be a number or one per channel, got {value!r}")
    return tuple(finite(owner, name, number) for number in value)


def function(owner: str, name: str, value: object) -> None:
    """Accept anything that can be called."""
    if not callable(value):
        raise TypeError(f"{owner}: {name} must be callable, got {value!r}")


def settle(owner: object, check: Callable[[str, str, object], object], *names: str) -> None:
    """Bring fields of a frozen dataclass into the form that a check above returns.

    So what compares equal looks the same, whether it was given as numpy's number or as Python's.
    """
    for name in names:
        value = check(type(owner).__name__, name, getattr(owner, name))
        object.__setattr__(owner, name, value)


def _is_pair(value: object) -> TypeGuard[Sequence[object]]:
    return _is_row(value) and len(value) == _PAIR


def _is_row(value: object) -> TypeGuard[Sequence[object]]:
    if isinstance(value, np.ndarray):
        return value.ndim == 1
    return isinstance(value, Sequence) and not isinstance(value, str)
