"""`reset_state()` as users override it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df


class WithSeed(df.RNGDataFlow):
    def __init__(self) -> None:
        self.opened = 0

    def reset_state(self, seed: Any = None) -> None:
        super().reset_state(seed)
        self.opened += 1
        self.offset = int(self.rng.integers(1000))

    def get_data(self) -> Iterator[Any]:
        for _ in range(3):
            yield [self.offset, int(self.rng.integers(1000))]


class WithoutArguments(df.ProxyDataFlow):
    opened = 0

    def reset_state(self) -> None:  # type: ignore[override]
        super().reset_state()
        self.opened += 1

    def get_data(self) -> Iterator[Any]:
        assert self.opened
        yield from self.ds


class WithoutSuper(df.ProxyDataFlow):
    opened = 0

    def reset_state(self) -> None:  # type: ignore[override]
        self.ds.reset_state()
        self.opened += 1

    def get_data(self) -> Iterator[Any]:
        assert self.opened
        yield from self.ds


@pytest.mark.parametrize("proxy", [WithoutArguments, WithoutSuper, df.ProxyDataFlow])
def test_one_reset_opens_every_stage_once_and_seeds_them_all(proxy: Any) -> None:
    source = WithSeed()
    stage = proxy(source)
    flow = stage.map(lambda dp: dp)
    flow.reset_state(7)
    assert source.opened == 1
    assert getattr(stage, "opened", 1) == 1
    first = list(flow)
    other = WithSeed().map(lambda dp: dp)
    other.reset_state(7)
    assert list(other) == first
    flow.reset_state(7)
    assert list(flow) == first


@pytest.mark.parametrize("proxy", [WithoutArguments, WithoutSuper])
def test_a_flow_whose_own_reset_takes_no_seed_runs_without_reset_and_resumes(proxy: Any) -> None:
    flow = proxy(WithSeed())
    iterator = iter(flow)
    taken = next(iterator)
    state = flow.state_dict()
    rest = list(iterator)
    resumed = proxy(WithSeed())
    resumed.load_state_dict(state)
    assert list(resumed) == rest
    assert resumed.opened == 1
    del taken


def test_self_rng_exists_from_reset_on_and_says_so_before() -> None:
    flow = WithSeed()
    with pytest.raises(df.NoRandomStreamError, match=r"WithSeed.rng exists from reset_state\(\)"):
        _ = flow.rng
    flow.reset_state(1)
    assert flow.offset == flow.offset


def test_what_reset_state_draws_does_not_shift_the_draws_of_the_epoch() -> None:
    class Drawing(WithSeed):
        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            self.rng.random(100)

    plain, drawing = WithSeed(), Drawing()
    plain.reset_state(1)
    drawing.reset_state(1)
    assert [dp[1] for dp in plain] == [dp[1] for dp in drawing]


def test_resetting_the_upstream_inside_get_data_keeps_the_seed() -> None:
    class OldStyle(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            self.ds.reset_state()
            yield from self.ds

    def build() -> df.DataFlow:
        return OldStyle(df.DataFromList(list(range(20))))

    one, two = build(), build()
    one.reset_state(5)
    two.reset_state(5)
    assert list(one) == list(two)


def test_a_reset_that_failed_is_tried_again() -> None:
    class Opening(df.DataFlow):
        missing = True

        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            if self.missing:
                raise FileNotFoundError("data.bin")
            self.items = [[1]]

        def get_data(self) -> Iterator[Any]:
            yield from self.items

    flow = Opening()
    with pytest.raises(FileNotFoundError):
        list(flow)
    flow.missing = False
    assert list(flow) == [[1]]


def test_a_user_may_set_a_generator_of_his_own() -> None:
    import numpy as np

    class Own(df.RNGDataFlow):
        def get_data(self) -> Iterator[Any]:
            self.rng = np.random.default_rng(3)
            yield [int(self.rng.integers(1000))]

    assert list(Own()) == list(Own()) == [[int(np.random.default_rng(3).integers(1000))]]
