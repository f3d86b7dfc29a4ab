"""Flows that users write over other flows, held in whatever attribute."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import dataflow_core as df


def draws(label: str) -> Callable[[Any], Any]:
    return lambda dp: [label, *dp, int(df.rng().integers(1 << 30))]


def source(count: int = 4) -> df.DataFlow:
    return df.DataFromList([[n] for n in range(count)])


class Attribute(df.DataFlow):
    def __init__(self) -> None:
        self.inner = source().map(draws("a"))

    def get_data(self) -> Iterator[Any]:
        yield from self.inner


class Listed(df.DataFlow):
    def __init__(self) -> None:
        self.flows = [source().map(draws("a")), source().map(draws("b"))]

    def get_data(self) -> Iterator[Any]:
        for left, right in zip(*self.flows):
            yield [*left, *right]


class Named(df.DataFlow):
    def __init__(self) -> None:
        self.flows = {"x": source().map(draws("a")), "y": source().map(draws("b"))}

    def get_data(self) -> Iterator[Any]:
        yield from self.flows["y"]
        yield from self.flows["x"].get_data()


class Again(df.ProxyDataFlow):
    """Runs its upstream until it likes what it sees."""

    def __init__(self) -> None:
        super().__init__(source().map(draws("a")))

    def get_data(self) -> Iterator[Any]:
        for _ in range(3):
            for dp in self.ds:
                if dp[1] == 2:
                    break
                yield dp


class Mixed(df.RNGDataFlow):
    """Draws itself, and reads only sometimes."""

    def __init__(self) -> None:
        self.first = source()
        self.second = source().map(draws("b"))

    def __iter__(self) -> Iterator[Any]:
        for dp in self.first:
            yield [*dp, int(self.rng.integers(1 << 30))]
            if self.rng.random() < 0.5:
                yield from self.second


WRITTEN = [Attribute, Listed, Named, Again, Mixed]


@pytest.mark.parametrize("make", WRITTEN)
def test_one_seed_reaches_all_flows_inside(make: Callable[[], df.DataFlow]) -> None:
    one, two = make(), make()
    one.reset_state(5)
    two.reset_state(5)
    epochs = [list(one) for _ in range(3)]
    assert [list(two) for _ in range(3)] == epochs
    assert epochs[0] != epochs[1] != epochs[2]
    two.reset_state(6)
    assert list(two) != epochs[0]


@pytest.mark.parametrize("make", WRITTEN)
@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_they_resume_at_every_position_of_every_epoch(
    make: Callable[[], df.DataFlow], epoch: int
) -> None:
    flow = make().map(draws("outer")).batch(1, use_list=True)
    flow.reset_state(5)
    for _ in range(epoch):
        list(flow)
    states, seen = [flow.state_dict()], []
    for dp in flow:
        seen.append(dp)
        states.append(flow.state_dict())
    following = list(flow)
    for position, state in enumerate(states):
        resumed = make().map(draws("outer")).batch(1, use_list=True)
        resumed.load_state_dict(json.loads(json.dumps(state)))
        assert list(resumed) == seen[position:]
        assert list(resumed) == following


def test_two_flows_inside_draw_independently() -> None:
    flow = Listed()
    flow.reset_state(1)
    assert all(dp[2] != dp[5] for dp in flow)


def test_every_pass_over_the_upstream_is_a_new_epoch_of_it() -> None:
    class Twice(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            yield list(self.ds)
            yield list(self.ds)

    flow = Twice(df.DataFromList(list(range(20))))
    flow.reset_state(2)
    orders = [tuple(order) for _ in range(3) for order in flow]
    assert len(set(orders)) == 6


def test_passes_broken_off_do_not_come_again_in_the_next_epoch() -> None:
    class Tasting(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            for _ in range(3):
                for number, dp in enumerate(self.ds):
                    if number == 10:
                        break
                    yield dp

    flow = Tasting(df.DataFromList(list(range(20))))
    flow.reset_state(2)
    epochs = [list(flow) for _ in range(3)]
    passes = {tuple(epoch[begin : begin + 10]) for epoch in epochs for begin in (0, 10, 20)}
    assert len(passes) == 9


def test_a_place_kept_over_epochs_inside_a_written_flow_does_not_disturb_the_draws() -> None:
    class Noise(df.RNGDataFlow):
        def get_data(self) -> Iterator[Any]:
            for _ in range(3):
                yield [int(self.rng.integers(1 << 30))]

    class Passing(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            yield from self.ds

    flow = Passing(Noise().fixed_size(2))
    flow.reset_state(1)
    epochs = [list(flow) for _ in range(4)]
    plain = Noise().fixed_size(2)
    plain.reset_state(1)
    assert epochs == [list(plain) for _ in range(4)]
    for epoch in (3, 1):
        fresh = Passing(Noise().fixed_size(2))
        fresh.reset_state(1)
        fresh.set_epoch(epoch)
        assert list(fresh) == epochs[epoch]


def test_a_flow_inside_works_by_itself_too() -> None:
    flow = Attribute()
    assert len(list(flow.inner)) == 4
    assert len(list(flow)) == 4
    assert len(list(flow.inner)) == 4


def test_an_exception_in_the_users_generator_names_stage_and_position() -> None:
    class Failing(df.DataFlow):
        def get_data(self) -> Iterator[Any]:
            yield [0]
            yield [1]
            raise OSError("disk")

    flow = Failing().map(lambda dp: dp)
    with pytest.raises(OSError, match="disk") as raised:
        list(flow)
    (note,) = raised.value.__notes__
    assert note == "in stage Failing(), at the datapoint with position 2"
    assert flow.state_dict()["position"] == 2


def test_rng_in_the_users_generator_is_refused_whatever_comes_after_it() -> None:
    class Careless(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            for dp in self.ds:
                yield [*dp, df.rng().random()]

    for flow in (
        Careless(source()),
        Careless(source().map(draws("before"))),
        Careless(source()).map(draws("after")),
        df.DataFromGenerator(lambda: ([df.rng().random()] for _ in range(2))).map(draws("after")),
    ):
        with pytest.raises(df.NoRandomStreamError, match=r"self.rng of RNGDataFlow"):
            list(flow)


@pytest.mark.parametrize("returned", [None, 3])
def test_a_generator_that_is_none_says_what_it_has_to_be(returned: Any) -> None:
    class Forgot(df.DataFlow):
        def get_data(self) -> Any:
            return returned

    with pytest.raises(TypeError, match=rf"get_data\(\) of Forgot\(\) returned {returned}.*yield"):
        list(Forgot())
