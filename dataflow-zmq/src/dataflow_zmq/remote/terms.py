"""Checks of what users give."""

from __future__ import annotations

import math
import operator
from typing import SupportsIndex


def checked_count(value: SupportsIndex, name: str) -> int:
    """Return `value` as an int of at least 1.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is below 1.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is an integer, not {value!r}") from None
    if number < 1:
        raise ValueError(f"{name} is at least 1, got {number}")
    return number


def checked_timeout(value: float | None) -> float | None:
    """Return `value` as seconds.

    Raises:
        ValueError: if it is not positive.
    """
    if value is None:
        return None
    seconds = float(value)
    if not seconds > 0 or math.isinf(seconds):
        raise ValueError(f"timeout is a positive number of seconds, or None, got {value!r}")
    return seconds
