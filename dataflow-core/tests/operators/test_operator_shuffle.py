"""LocallyShuffleData."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataflow_core as df


def noting(seen: list[Any]) -> Callable[[Any], Any]:
    """Return the identity that notes what it is given."""

    def identity(dp: Any) -> Any:
        seen.append(dp)
        return dp

    return identity


def numbers(count: int) -> df.DataFlow:
    return df.DataFromList(list(range(count)), shuffle=False)


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 3), st.integers(1, 20))
def test_every_datapoint_comes_out_exactly_num_reuse_times_an_epoch(
    count: int, buffer_size: int, num_reuse: int, interval: int
) -> None:
    flow = df.LocallyShuffleData(numbers(count), buffer_size, num_reuse, interval)
    for _ in range(2):
        assert Counter(flow) == Counter(dict.fromkeys(range(count), num_reuse))
    assert len(flow) == count * num_reuse


@given(st.integers(0, 60), st.integers(1, 12), st.integers(1, 12))
def test_no_datapoint_comes_more_than_the_buffer_early(
    count: int, buffer_size: int, interval: int
) -> None:
    for place, number in enumerate(df.LocallyShuffleData(numbers(count), buffer_size, 1, interval)):
        assert number - place <= buffer_size


def test_epochs_differ_and_seeds_repeat() -> None:
    flow = numbers(30).shuffle(10)
    flow.reset_state(1)
    first, second = list(flow), list(flow)
    assert first != second
    flow.reset_state(1)
    assert list(flow) == first
    flow.reset_state(2)
    assert list(flow) != first


def test_a_buffer_that_holds_all_gives_every_order_alike() -> None:
    flow = numbers(3).shuffle(3)
    flow.reset_state(1)
    orders = Counter(tuple(flow) for _ in range(1200))
    assert len(orders) == 6
    assert max(orders.values()) < 280
    assert min(orders.values()) > 130


def test_the_places_of_a_datapoint_spread_over_the_buffer() -> None:
    flow = numbers(100).shuffle(20)
    flow.reset_state(0)
    places = [list(flow).index(50) for _ in range(300)]
    assert np.std(places) > 5
    assert len(set(places)) > 20


def test_a_buffer_of_one_keeps_the_order() -> None:
    assert list(numbers(5).shuffle(1)) == [0, 1, 2, 3, 4]


def test_the_buffer_holds_no_more_than_its_size() -> None:
    read: list[int] = []
    flow = numbers(100).map(noting(read)).shuffle(8)
    for given_out, _ in enumerate(flow, 1):
        assert len(read) - given_out <= 8


@pytest.mark.parametrize(
    "kwargs",
    [
        {"buffer_size": 0},
        {"buffer_size": 3, "num_reuse": 0},
        {"buffer_size": -1},
        {"buffer_size": 3, "shuffle_interval": 0},
    ],
)
def test_sizes_are_positive(kwargs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"of LocallyShuffleData is at least 1"):
        df.LocallyShuffleData(numbers(3), **kwargs)
