"""How large a datapoint is, without encoding it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_SMALL = frozenset({int, float, bool, type(None)})

#: What lies deeper is not looked at: a list may hold itself, several times over.
_DEEPEST = 8

#: Lists of so many items are looked at as a whole first.
_LONG = 5


def weigh(value: Any, depth: int = 0) -> int:
    """Return about how many bytes the encoded form of `value` takes.

    What the codec does not know counts as if it were small.

    >>> weigh([1, 2.0, "name", b"1234"])
    40
    """
    kind = type(value)
    if kind is list or kind is tuple:
        return _weigh_items(value, depth)
    if kind is np.ndarray:
        return int(value.nbytes) + 32
    if kind is dict:
        return 4 + sum(_weigh_items(item, depth + 1) for item in value.items())
    if kind is str or kind is bytes or kind is bytearray:
        return len(value) + 5
    return 9 if kind in _SMALL else 64


def _weigh_items(items: Sequence[Any], depth: int) -> int:
    if len(items) >= _LONG and _SMALL.issuperset(map(type, items)):
        return 9 * len(items) + 4
    weight = 4
    for item in items:
        # Most are one of these two, and a call costs as much as the rest.
        kind = type(item)
        if kind in _SMALL:
            weight += 9
        elif kind is np.ndarray:
            weight += int(item.nbytes) + 32
        elif depth < _DEEPEST:
            weight += weigh(item, depth + 1)
    return weight
