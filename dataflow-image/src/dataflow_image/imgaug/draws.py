"""Uniform draws of a few numbers.

A generator's own `uniform` and `integers` are made for arrays: for one number they take four times
as long as `random`, which an image's few draws are noticeable by.
"""

from __future__ import annotations

import numpy as np

__all__ = ["index_below", "integer", "uniform", "uniforms"]

# A float has 53 bits; these are the upper ones of 64.
_SURPLUS_BITS = 11
_STEP = 2.0**-53


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number from [low, high)."""
    return low + (high - low) * rng.random()


def uniforms(rng: np.random.Generator, count: int) -> list[float]:
    """Return what `rng.random(count)` does, for a generator of 64-bit words.

    That would let other threads have the interpreter for the nanoseconds it takes, and wake one
    that waits for it in vain.

    >>> rng, again = np.random.default_rng(7), np.random.default_rng(7)
    >>> uniforms(rng, 3) == again.random(3).tolist()
    True
    """
    words = rng.bit_generator.random_raw(count).tolist()
    return [(word >> _SURPLUS_BITS) * _STEP for word in words]


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
