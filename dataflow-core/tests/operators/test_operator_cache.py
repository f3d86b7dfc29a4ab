"""CacheData."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow_core as df


class Counted:
    """A source, and how often its datapoints were made."""

    def __init__(self, count: int) -> None:
        self.calls = 0
        self.flow = df.DataFromList(list(range(count)), shuffle=False).map(self.make)

    def make(self, number: int) -> int:
        self.calls += 1
        return number


def test_the_upstream_is_run_once() -> None:
    counted = Counted(4)
    flow = counted.flow.cache()
    assert list(flow) == list(flow) == list(flow) == [0, 1, 2, 3]
    assert counted.calls == 4
    assert len(flow) == 4


def test_an_epoch_broken_off_is_not_taken_for_complete() -> None:
    counted = Counted(4)
    flow = counted.flow.cache()
    for number in flow:
        if number == 1:
            break
    assert list(flow) == [0, 1, 2, 3]
    assert list(flow) == [0, 1, 2, 3]
    assert counted.calls == 2 + 4


def test_an_exception_fills_nothing() -> None:
    hits: list[int] = []

    def once(number: int) -> int:
        if number == 2 and not hits:
            hits.append(1)
            raise ValueError("once")
        return number

    flow = df.DataFromList(list(range(4)), shuffle=False).map(once).cache()
    with pytest.raises(ValueError, match="once"):
        list(flow)
    assert list(flow) == list(flow) == [0, 1, 2, 3]


def test_every_epoch_holds_the_datapoints_of_the_first() -> None:
    flow = df.DataFromList([0] * 5).map(lambda _: int(df.rng().integers(1 << 30))).cache()
    flow.reset_state(1)
    first = list(flow)
    assert list(flow) == first
    flow.set_epoch(7)
    assert list(flow) == first


def test_shuffle_permutes_every_epoch_but_the_first() -> None:
    counted = Counted(20)
    flow = counted.flow.cache(shuffle=True)
    epochs = [list(flow) for _ in range(4)]
    assert epochs[0] == list(range(20))
    assert all(sorted(epoch) == epochs[0] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert counted.calls == 20


def test_another_seed_fills_the_cache_anew() -> None:
    flow = df.DataFromList([0] * 5).map(lambda _: int(df.rng().integers(1 << 30))).cache()
    flow.reset_state(1)
    first = list(flow)
    flow.reset_state(2)
    assert list(flow) != first
    flow.reset_state(1)
    assert list(flow) == first


def test_a_limit_raises_before_the_machine_is_full_and_says_where() -> None:
    items: list[Any] = [[np.zeros(1000, "uint8")] for _ in range(10)]
    flow = df.DataFromList(items, shuffle=False).cache(limit_bytes=5000)
    with pytest.raises(df.CacheLimitError, match="position 4, over its limit_bytes of 5000") as e:
        list(flow)
    assert isinstance(e.value, MemoryError)
    assert len(list(df.DataFromList(items).cache(limit_bytes=20_000))) == 10


def test_views_count_what_they_keep_alive_for_the_limit() -> None:
    def views(_: int) -> list[Any]:
        return [{"deep": (np.zeros(1000, "uint8")[:], b"x" * 1000)}]

    flow = df.DataFromList([0], shuffle=False).map(views).cache(limit_bytes=1999)
    with pytest.raises(df.CacheLimitError):
        list(flow)


def test_a_limit_is_positive() -> None:
    with pytest.raises(ValueError, match="limit_bytes of CacheData"):
        df.CacheData(df.DataFromList([]), limit_bytes=0)


def test_what_a_map_assigns_after_the_cache_does_not_reach_it() -> None:
    def assign(dp: list[int]) -> list[int]:
        dp[0] += 1
        return dp

    flow = df.DataFromList([[0], [1]], shuffle=False).map(list).cache().map(assign)
    assert list(flow) == list(flow) == [[1], [2]]


def test_the_kept_datapoints_do_not_travel_with_a_pickle() -> None:
    import pickle

    flow = df.CacheData(df.FakeData([(100_000,)], 3))
    before = len(pickle.dumps(flow))
    list(flow)
    assert len(pickle.dumps(flow)) < before + 100


def test_the_length_does_not_depend_on_what_was_read() -> None:
    def mixed() -> df.DataFlow:
        third = Counted(30).flow.map(lambda number: None if number % 3 else number)
        flow = df.RandomMixData([third.cache(), Counted(10).flow])
        flow.reset_state(1)
        return flow

    jumped, walked = mixed(), mixed()
    list(walked)
    jumped.set_epoch(1)
    assert list(jumped) == list(walked)
