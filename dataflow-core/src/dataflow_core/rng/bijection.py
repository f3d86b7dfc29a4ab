"""Permutations too large to hold: a keyed bijection on 0 ... size-1 that needs no memory.

A balanced Feistel network over the smallest even number of bits that covers the size is a
bijection on that power of two whatever its round function (Luby and Rackoff, 1988). Values that
fall outside are sent through again until they fall inside ("cycle walking", Black and Rogaway,
2002), which keeps it a bijection and takes fewer than four passes on average.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROUNDS = 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


class Bijection:
    """A pseudo-random permutation of `range(size)`, computed index by index.

    Args:
        size: how many indices; at least 1.
        generator: draws the keys; equal draws give the equal permutation.

    Example:
        >>> import numpy as np
        >>> permuted = Bijection(5, np.random.default_rng(0)).at(np.arange(5))
        >>> sorted(permuted.tolist())
        [0, 1, 2, 3, 4]
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self.size = size
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        self._half = np.uint64(half)
        self._mask = np.uint64((1 << half) - 1)
        self._keys = generator.integers(0, 2**63, size=ROUNDS, dtype=np.uint64)

    def at(self, positions: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Return the indices at `positions` ((N,), each in `range(size)`) as (N,) int64."""
        values = self._once(positions.astype(np.uint64))
        outside = np.flatnonzero(values >= self.size)
        while outside.size:
            values[outside] = self._once(values[outside])
            outside = outside[values[outside] >= self.size]
        return values.astype(np.int64)

    def _once(self, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        left, right = values >> self._half, values & self._mask
        for key in self._keys:
            mixed = (right ^ key) * _MULTIPLIER
            mixed = (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER
            left, right = right, left ^ ((mixed >> _SHIFT) & self._mask)
        return (left << self._half) | right
