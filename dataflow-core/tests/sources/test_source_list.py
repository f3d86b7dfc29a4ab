"""DataFromList."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import dataflow_core as df


def test_every_epoch_has_every_item_once_in_an_order_of_its_own() -> None:
    items = list(range(50))
    flow = df.DataFromList(items)
    flow.reset_state(1)
    first, second = list(flow), list(flow)
    assert sorted(first) == sorted(second) == items
    assert first != second
    assert first != items


def test_without_shuffle_the_order_is_the_lists() -> None:
    assert list(df.DataFromList([3, 1, 2], shuffle=False)) == [3, 1, 2]


def test_the_callers_list_is_never_reordered() -> None:
    items = list(range(20))
    list(df.DataFromList(items, shuffle=True))
    assert items == list(range(20))


def test_the_items_are_handed_out_as_they_are() -> None:
    item = [np.zeros(2)]
    assert next(iter(df.DataFromList([item]))) is item


def test_an_empty_list_is_an_empty_flow() -> None:
    for shuffle in (True, False):
        flow = df.DataFromList([], shuffle=shuffle)
        assert len(flow) == 0
        assert list(flow) == []
        assert bool(flow)


def test_whatever_has_a_length_and_an_index_will_do() -> None:
    array: Any = np.arange(3)
    assert list(df.DataFromList(array, shuffle=False)) == [0, 1, 2]
    assert list(df.DataFromList((1, 2), shuffle=False)) == [1, 2]
    assert list(df.DataFromList(range(2), shuffle=False)) == [0, 1]


@pytest.mark.parametrize("wrong", [5, {1, 2}, {"a": 1}, iter([1]), (i for i in range(2)), None])
def test_what_has_no_index_is_refused_with_the_remedy(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"DataFromList needs a list, not \w+.*DataFromIterable"):
        df.DataFromList(wrong)


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_item_that_could_not_be_read_comes_first_after_a_resume(shuffle: bool) -> None:
    class Lazy:
        broken: int | None = None

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> int:
            if index == self.broken:
                raise OSError("unplugged")
            return index

    lazy: Any = Lazy()
    flow = df.DataFromList(lazy, shuffle=shuffle)
    flow.reset_state(1)
    expected = list(flow)
    for position, index in enumerate(expected):
        flow.reset_state(1)
        seen: list[int] = []
        lazy.broken = index
        with pytest.raises(OSError, match="unplugged"):
            seen.extend(flow)
        state = flow.state_dict()
        lazy.broken = None
        assert state["position"] == position
        flow.load_state_dict(state)
        assert list(flow) == expected[position:]


def test_items_can_be_read_by_index_too() -> None:
    assert df.DataFromList(["a", "b"])[1] == "b"


def test_each_order_is_about_as_likely() -> None:
    flow = df.DataFromList([0, 1, 2])
    flow.reset_state(3)
    orders = Counter(tuple(flow) for _ in range(1200))
    assert len(orders) == 6
    assert max(orders.values()) < 280
    assert min(orders.values()) > 130
