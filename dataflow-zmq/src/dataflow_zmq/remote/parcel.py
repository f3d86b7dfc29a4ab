"""Consecutive datapoints that travel together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dataflow_core.codec import Limits

#: A parcel is closed when it is about this large, or holds this many datapoints.
PARCEL_BYTES = 1 << 16
PARCEL_DATAPOINTS = 4096

#: What a receiver takes from a sender. A list of datapoints is one level deeper than they are.
LIMITS = Limits(max_depth=65, max_frames=1 << 16, max_bytes=1 << 36)

Frame = bytes | memoryview

_SMALL = frozenset({int, float, bool, type(None)})
_DEEPEST = 64

#: Lists of so many items are looked at as a whole first.
_LONG = 5


@dataclass(eq=False)
class Parcel:
    """Datapoints `first` ... `first + count - 1` of a stream.

    Attributes:
        first: number of the first.
        count: how many.
        frames: their encoded form, as one list.
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: at or before `first`.
        done: how many, from the first on, are consumed.
    """

    first: int
    count: int
    frames: list[Frame]
    state: str = ""
    state_seq: int = 0
    done: int = 0

    @cached_property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return sum(memoryview(frame).nbytes for frame in self.frames)

    @property
    def end(self) -> int:
        """The number after the last datapoint's."""
        return self.first + self.count


def weigh(value: Any, depth: int = 0) -> int:
    """Return about how many bytes the encoded form of `value` takes.

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
