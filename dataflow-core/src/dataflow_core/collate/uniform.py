"""Take batches apart again, where nothing is lost by it.

A batch that a worker made may turn out to straddle two batches of the stream, once it is known
what was dropped before. If its members were alike, its rows make the same batches as they did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

_PLAIN = frozenset({bool, int, float, str, bytes})


def uniform(datapoints: Sequence[Any]) -> bool:
    """Whether all datapoints have equal containers, types, dtypes and shapes.

    If so, any of them, taken out of their batch by `split`, collate to what they would have.
    """
    first = datapoints[0]
    if not same(type, datapoints):
        return False
    if isinstance(first, dict):
        keys = first.keys()
        return all(dp.keys() == keys for dp in datapoints) and all(
            _alike([dp[key] for dp in datapoints]) for key in keys
        )
    if not isinstance(first, (list, tuple)):
        return False
    return same(len, datapoints) and all(map(_alike, zip(*datapoints)))


def same(fact: Callable[[Any], object], values: Sequence[Any]) -> bool:
    """Whether `fact` is equal for all values.

    >>> same(len, ["ab", "cd", "e"])
    False
    """
    facts = [*map(fact, values)]
    # Neither a loop nor a hash, and identity, as types and dtypes have it, counts as equal at once.
    return facts.count(facts[0]) == len(facts)


def same_form(arrays: Sequence[Any]) -> bool:
    """Whether all arrays, or numpy scalars, have one dtype and one shape."""
    return same(attrgetter("dtype"), arrays) and same(attrgetter("shape"), arrays)


def split(batch: Any) -> list[Any]:
    """Return the datapoints of a batch: the rows of its components.

    Example:
        >>> import numpy as np
        >>> split([np.array([1, 2], "int32"), ["a", "b"]])
        [[np.int32(1), 'a'], [np.int32(2), 'b']]
    """
    if isinstance(batch, dict):
        return [dict(zip(batch, row)) for row in zip(*batch.values())]
    make = list if isinstance(batch, list) else getattr(batch, "_make", tuple)
    return [make(row) for row in zip(*batch)]


def _alike(values: Sequence[Any]) -> bool:
    first = values[0]
    kind = type(first)
    if not same(type, values):
        return False
    if kind is np.ndarray:
        return bool(first.dtype.kind != "O") and same_form(values)
    return kind in _PLAIN or issubclass(kind, np.generic)
