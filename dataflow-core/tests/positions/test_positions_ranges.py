"""Sets of positions as ranges."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.errors import StateError
from dataflow_core.flow.gaps import gaps_of, without
from dataflow_core.flow.ranges import checked_ranges, first_outside, holds, ranges_of, union

positions = st.sets(st.integers(0, 40))


def members(ranges: Any) -> list[int]:
    return [position for first, last in ranges for position in range(first, last + 1)]


def in_normal_form(ranges: Any) -> bool:
    """Whether ranges are sorted, and none touches the next."""
    return all(first <= last for first, last in ranges) and all(
        one[1] + 1 < other[0] for one, other in pairwise(ranges)
    )


@given(positions)
def test_ranges_hold_what_they_are_made_of_and_nothing_else(some: set[int]) -> None:
    ranges = ranges_of(some)
    assert members(ranges) == sorted(some)
    assert in_normal_form(ranges)
    assert [holds(ranges, position) for position in range(42)] == [p in some for p in range(42)]


def test_a_position_twice_is_there_once() -> None:
    assert ranges_of([3, 3, 4, 3]) == [[3, 4]]


@given(positions, positions)
def test_a_union_holds_what_either_holds(one: set[int], other: set[int]) -> None:
    both = union(ranges_of(one), ranges_of(other))
    assert both == ranges_of(one | other)


@given(positions, positions)
def test_a_union_leaves_its_parts_alone(one: set[int], other: set[int]) -> None:
    first, second = ranges_of(one), ranges_of(other)
    union(first, second)[:] = []
    assert (first, second) == (ranges_of(one), ranges_of(other))


@given(positions, st.integers(0, 41))
def test_the_first_outside_is_the_next_one_that_is_missing(some: set[int], start: int) -> None:
    expected = next(p for p in range(start, 50) if p not in some)
    assert first_outside(ranges_of(some), start) == expected


@given(st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2).map(sorted)))
def test_ranges_of_a_state_may_overlap_and_be_in_any_order(read: list[list[int]]) -> None:
    checked = checked_ranges(read)
    assert in_normal_form(checked)
    assert {*members(checked)} == {*members(read)}


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "12",
        {"a": 1},
        [3],
        [[1]],
        [[1, 2, 3]],
        [[2, 1]],
        [[-1, 2]],
        [[True, 2]],
        [["a", 2]],
    ],
)
def test_what_is_no_ranges_is_refused(value: Any) -> None:
    with pytest.raises(StateError, match="ranges"):
        checked_ranges(value)


@given(st.integers(0, 20), positions, positions)
def test_a_place_with_gaps_leaves_out_what_it_left_out_before(
    begin: int, one: set[int], other: set[int]
) -> None:
    place = without(without(begin, ranges_of(one)), ranges_of(other))
    left = sorted(position for position in one | other if position >= begin)
    gaps = gaps_of(place)
    if not left:
        assert place == begin
    else:
        assert isinstance(place, dict)
        assert place["at"] == begin
        assert [p for p in members(gaps) if p >= begin] == left
        assert place["position"] == next(p for p in range(begin, 99) if p not in left)
