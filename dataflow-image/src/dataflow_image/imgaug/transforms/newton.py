"""Newton's method for many points of the plane at once.

Where a map's determinant is above zero everywhere, some part of Newton's step always leads nearer
to the root; so a step that does not is halved, and only a map that folds can make it vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Numbers", "roots"]

Numbers: TypeAlias = npt.NDArray[np.float64]

# In pixels: far below what interpolation can show.
_EXACT_ENOUGH = 1e-6
_MOST_ITERATIONS = 200


def roots(function: Callable[[Numbers], tuple[Numbers, Numbers]], start: Numbers) -> Numbers | None:
    """Return where the function is zero, as near as 1e-6, or None where it folds.

    A point that is not a number stays so.

    >>> def cubes(points):
    ...     return points**3 - 8.0, 3.0 * np.square(points)[:, np.newaxis] * np.eye(2)
    >>> roots(cubes, np.array([[1.0, 3.0]])).round(6).tolist()
    [[2.0, 2.0]]

    Args:
        function: takes points (N, 2), and returns its values (N, 2) and their derivatives
            (N, 2, 2): `[n, i, j]` is that of the i-th value along the j-th axis.
        start: (N, 2), a guess at each root.
    """
    found, lengths = start, np.ones((len(start), 1))
    values, slopes = function(found)
    for _ in range(_MOST_ITERATIONS):
        determinants, steps = _steps(values, slopes)
        # Not "all are below": what is not a number is not above it, either.
        if not (np.abs(steps) > _EXACT_ENOUGH).any():
            return None if (determinants <= 0.0).any() else found - steps
        tried = found - lengths * steps
        new_values, new_slopes = function(tried)
        nearer = _squares(new_values) < _squares(values)
        found = np.where(nearer, tried, found)
        values = np.where(nearer, new_values, values)
        slopes = np.where(nearer[..., np.newaxis], new_slopes, slopes)
        lengths = np.where(nearer, np.minimum(2.0 * lengths, 1.0), 0.5 * lengths)
    return None


def _steps(values: Numbers, slopes: Numbers) -> tuple[Numbers, Numbers]:
    """Return the determinants, (N,), and by how much each point is off if the map is linear."""
    x, y = values.T
    a, b, c, d = slopes.reshape(-1, 4).T
    determinants = a * d - b * c
    # Any number will do for zero: there the map folds, and no step is right.
    divisors = np.where(determinants == 0.0, 1.0, determinants)
    return determinants, np.stack((d * x - b * y, a * y - c * x), axis=1) / divisors[:, np.newaxis]


def _squares(values: Numbers) -> Numbers:
    squares: Numbers = np.square(values).sum(axis=1, keepdims=True)
    return squares
