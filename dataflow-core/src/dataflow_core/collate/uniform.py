"""Take batches apart again, where nothing is lost by it.

A batch that a worker made may turn out to straddle two batches of the stream, once it is known
what was dropped before. If its members were alike, its rows make the same batches as they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_PLAIN = frozenset({bool, int, float, str, bytes})


def uniform(datapoints: Sequence[Any]) -> bool:
    """Whether all datapoints have equal containers, types, dtypes and shapes.

    If so, any of them, taken out of their batch by `split`, collate to what they would have.
    """
    first = datapoints[0]
    kind = type(first)
    if not all(type(dp) is kind for dp in datapoints):
        return False
    if isinstance(first, dict):
        keys = first.keys()
        return all(dp.keys() == keys for dp in datapoints) and all(
            _alike([dp[key] for dp in datapoints]) for key in keys
        )
    if not isinstance(first, (list, tuple)):
        return False
    length = len(first)
    return all(len(dp) == length for dp in datapoints) and all(map(_alike, zip(*datapoints)))


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
    if not all(type(value) is kind for value in values):
        return False
    if kind is np.ndarray:
        shape, dtype = first.shape, first.dtype
        return bool(dtype.kind != "O") and all(
            value.shape == shape and value.dtype == dtype for value in values
        )
    return kind in _PLAIN or issubclass(kind, np.generic)
