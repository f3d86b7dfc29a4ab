"""Uniform draws of single numbers.

A generator's own `uniform` and `integers` are made for arrays: for one number they take four times
as long as `random`, which an image's few draws are noticeable by.
"""

from __future__ import annotations

import numpy as np

__all__ = ["index_below", "integer", "uniform"]


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number from [low, high)."""
    return low + (high - low) * rng.random()


def integer(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw an int from [low, high), all as likely."""
    return low + index_below(high - low, rng.random())


def index_below(count: int, draw: float) -> int:
    """Return which of `count` equal parts of [0, 1) a number lies in.

    >>> [index_below(4, draw) for draw in (0.0, 0.25, 0.9999)]
    [0, 1, 3]
    """
    # The largest float below 1 is nearer to 1 by half the spacing of floats near `count`, or more,
    # so the product never rounds up to `count`.
    return int(draw * count)
