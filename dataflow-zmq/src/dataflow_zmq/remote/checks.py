"""Checks of what users give."""

from __future__ import annotations

import math


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
