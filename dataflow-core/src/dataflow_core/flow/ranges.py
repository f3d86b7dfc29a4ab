"""Sets of positions as sorted ranges, [first, last] each: what is left of a walk with gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from dataflow_core.errors import StateError

Ranges = list[list[int]]


def ranges_of(positions: Iterable[int]) -> Ranges:
    """Return the ranges that hold exactly `positions`.

    Example:
        >>> ranges_of([4, 1, 2, 3, 9])
        [[1, 4], [9, 9]]
    """
    ranges: Ranges = []
    for position in sorted(positions):
        if ranges and position <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], position)
        else:
            ranges.append([position, position])
    return ranges


def union(one: Sequence[Sequence[int]], other: Sequence[Sequence[int]]) -> Ranges:
    """Return the ranges that hold what either holds.

    Example:
        >>> union([[0, 3]], [[2, 5], [8, 8]])
        [[0, 5], [8, 8]]
    """
    ranges: Ranges = []
    for first, last in sorted([*map(tuple, one), *map(tuple, other)]):
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1][1] = max(ranges[-1][1], last)
        else:
            ranges.append([first, last])
    return ranges


def holds(ranges: Sequence[Sequence[int]], position: int) -> bool:
    """Whether `position` is in one of the ranges."""
    number = bisect_right(ranges, position, key=lambda each: each[0]) - 1
    return number >= 0 and position <= ranges[number][1]


def first_outside(ranges: Sequence[Sequence[int]], position: int) -> int:
    """Return the first position from `position` on that is in none of the ranges."""
    for first, last in ranges:
        if first <= position <= last:
            position = last + 1
    return position


def checked_ranges(value: object) -> Ranges:
    """Return ranges that were read from a state.

    Raises:
        StateError: if they are none.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        ranges = [each for each in value if _is_range(each)]
        if len(ranges) == len(value):
            return union(ranges, [])
    raise StateError(f"the state's place holds no ranges of positions: {value!r}")


def _is_range(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and len(value) == 2
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value)
        and 0 <= value[0] <= value[1]
    )
