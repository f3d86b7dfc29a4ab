"""Dict keys whose hashes a stranger can choose.

A dict of n keys with equal hashes takes n² steps to fill. Hashes of str and bytes are salted, and
64-bit integers and floats have too few values per hash; everything else can be made to collide.
"""

from __future__ import annotations

from collections.abc import Iterable

_NOT_RARE = frozenset({type(None), bool, float, str, bytes})
_OF_64_BITS = range(-(1 << 63), 1 << 64)


def count_rare_keys(keys: Iterable[object]) -> int:
    """How many of `keys` could have been made to collide.

    >>> count_rare_keys(["image", 7, None, (1, 2), 1 << 70])
    2
    """
    return sum(
        key not in _OF_64_BITS if type(key) is int else type(key) not in _NOT_RARE for key in keys
    )
