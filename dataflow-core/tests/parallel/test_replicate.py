"""Independent clones, merged round-robin."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataflow_core as df
from dataflow_core.testing import Remains, assert_same_stream, canonical, wait_until

SEED = 31

each_backend = pytest.mark.parametrize("backend", ["inline", "thread", "process"])
in_this_process = pytest.mark.parametrize("backend", ["inline", "thread"])


class Noise(df.RNGDataFlow):
    """Draws without end, and says which datapoint of its clone it is."""

    def get_data(self) -> Iterator[Any]:
        number = 0
        while True:
            yield [number, self.rng.random()]
            number += 1


class Some(Noise):
    """So many of them in the first clone to be read, but nobody can tell how many in advance."""

    def __init__(self, most: int) -> None:
        self.most = most

    def get_data(self) -> Iterator[Any]:
        yield from islice(super().get_data(), int(self.rng.integers(self.most)))


def listed(size: int = 10, *, shuffle: bool = False) -> df.DataFlow:
    return df.DataFromList([[i] for i in range(size)], shuffle=shuffle)


def replicated(flow: df.DataFlow, clones: int, backend: str = "inline") -> df.ReplicateData:
    made = df.ReplicateData(flow, clones, backend)
    made.reset_state(SEED)
    return made


@each_backend
def test_clones_take_turns_and_have_draws_of_their_own(backend: str) -> None:
    with replicated(Noise(), 3, backend) as flow:
        seen = list(islice(flow, 30))
    assert [number for number, _ in seen] == [i // 3 for i in range(30)]
    assert len({drawn for _, drawn in seen}) == 30


@each_backend
def test_the_stream_is_the_same_on_every_backend_and_another_in_every_epoch(backend: str) -> None:
    def three_epochs(name: str) -> list[Any]:
        with replicated(Noise(), 2, name) as flow:
            return [dp for _ in range(3) for dp in islice(flow, 7)]

    expected = three_epochs("inline")
    assert_same_stream(three_epochs(backend), expected)
    assert len({drawn for _, drawn in expected}) == 21


def test_another_seed_gives_other_draws_and_the_same_seed_the_same() -> None:
    flow = replicated(Noise(), 2)
    first = list(islice(flow, 6))
    flow.reset_state(SEED + 1)
    second = list(islice(flow, 6))
    flow.reset_state(SEED)
    assert_same_stream(islice(flow, 6), first)
    assert not {drawn for _, drawn in first} & {drawn for _, drawn in second}


@in_this_process
@pytest.mark.parametrize("clones", [1, 2, 3, 7, 12])
def test_an_epoch_has_the_length_of_one_clone(backend: str, clones: int) -> None:
    with replicated(listed(), clones, backend) as flow:
        assert len(flow) == 10
        for _ in range(2):
            assert [dp[0] for dp in flow] == [i // clones for i in range(10)]


@in_this_process
def test_without_a_length_it_ends_with_the_last_clone(backend: str) -> None:
    def numbers() -> Iterator[Any]:
        yield from ([i] for i in range(4))

    with replicated(df.DataFromGenerator(numbers), 3, backend) as flow:
        assert [dp[0] for dp in flow] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_clones_that_end_early_are_left_out_from_then_on() -> None:
    with replicated(Some(9), 4) as flow:
        epochs = [[number for number, _ in flow] for _ in range(8)]
    for seen in epochs:
        clones_left = [seen.count(number) for number in sorted(set(seen))]
        assert clones_left == sorted(clones_left, reverse=True)
        assert seen == sorted(seen)
    assert len({len(seen) for seen in epochs}) > 1


def _noise() -> df.DataFlow:
    return Noise()


def _some() -> df.DataFlow:
    return Some(9)


def _listed() -> df.DataFlow:
    return listed(11, shuffle=True).map(lambda dp: [*dp, df.rng().random()])


@given(
    st.sampled_from([_noise, _some, _listed]),
    st.integers(1, 4),
    st.integers(0, 20),
    st.sampled_from(["inline", "thread"]),
    st.sampled_from(["inline", "thread"]),
)
def test_it_resumes_exactly_on_any_backend(
    make: Callable[[], df.DataFlow], clones: int, stop: int, one: str, other: str
) -> None:
    with replicated(make(), clones) as whole:
        expected = [canonical(dp) for dp in islice(whole, 30)]
        following = [canonical(dp) for dp in islice(whole, 9)]
    with replicated(make(), clones, one) as flow:
        seen = [canonical(dp) for dp in islice(flow, stop)]
        state = json.loads(json.dumps(flow.state_dict()))
    with df.ReplicateData(make(), clones, other) as resumed:
        resumed.load_state_dict(state)
        if len(seen) == len(expected) < stop:
            assert [canonical(dp) for dp in islice(resumed, 9)] == following
            return
        assert seen + [canonical(dp) for dp in islice(resumed, 30 - stop)] == expected


def test_a_state_of_another_number_of_clones_is_refused() -> None:
    state = replicated(Noise(), 2).state_dict()
    with pytest.raises(df.FingerprintMismatchError):
        df.ReplicateData(Noise(), 3, "inline").load_state_dict(state)


@in_this_process
def test_an_exception_of_a_clone_comes_at_its_turn(backend: str) -> None:
    def fail(dp: Any) -> Any:
        if dp[0] == 3:
            raise ValueError("three")
        return dp

    with replicated(listed().map(fail), 2, backend) as flow:
        seen = []
        with pytest.raises(ValueError, match="three"):
            for dp in flow:
                seen.append(dp[0])
    assert seen == [0, 0, 1, 1, 2, 2]


@in_this_process
def test_after_an_exception_of_a_clone_it_is_that_ones_turn(backend: str) -> None:
    bad: list[int] = []

    def fail(dp: Any) -> Any:
        if dp[0] in bad:
            raise ValueError("three")
        return [*dp, df.rng().random()]

    with replicated(listed().map(fail), 3, backend) as whole:
        expected = list(whole)
    bad.append(3)
    seen: list[Any] = []
    with replicated(listed().map(fail), 3, backend) as flow:
        with pytest.raises(ValueError, match="three"):
            for dp in flow:
                seen.append(dp)
        state = flow.state_dict()
    bad.clear()
    with replicated(listed().map(fail), 3, backend) as resumed:
        resumed.load_state_dict(state)
        assert_same_stream([*seen, *resumed], expected)


@each_backend
def test_a_reset_reaches_what_clones_drew_when_they_were_opened(backend: str) -> None:
    class Drawn(df.RNGDataFlow):
        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            self.drawn = self.rng.random()

        def get_data(self) -> Iterator[Any]:
            yield [self.drawn]

    with replicated(Drawn(), 2, backend) as flow, replicated(Drawn(), 2, "inline") as fresh:
        list(flow)
        for each in (flow, fresh):
            each.reset_state(SEED + 1)
        assert_same_stream(flow, fresh)


@in_this_process
def test_after_an_exception_in_a_later_stage_the_state_points_at_its_datapoint(
    backend: str,
) -> None:
    broken = True

    def fail(dp: Any) -> Any:
        if broken and dp[0] == 3:
            raise ValueError("three")
        return dp

    with replicated(Noise(), 3) as whole:
        expected = [canonical(dp) for dp in islice(whole, 20)]
    with replicated(Noise(), 3, backend) as clones:
        flow = clones.map(fail)
        flow.reset_state(SEED)
        seen = []
        with pytest.raises(ValueError, match="three"):
            for dp in flow:
                seen.append(canonical(dp))
        state = json.loads(json.dumps(flow.state_dict()))
        assert len(seen) == state["position"] == 9
        broken = False
        flow.load_state_dict(state)
        assert seen + [canonical(dp) for dp in islice(flow, 11)] == expected


def test_nothing_stays_after_close_in_the_middle_and_it_can_be_read_again() -> None:
    expected = list(islice(replicated(Noise(), 2), 5))
    before = Remains.now()
    flow = replicated(Noise(), 2, "thread")
    next(iter(flow))
    flow.close()
    assert wait_until(lambda: not Remains.now().threads - before.threads)
    flow.reset_state(SEED)
    assert_same_stream(islice(flow, 5), expected)
    flow.close()
    flow.close()


def test_a_pickled_one_starts_workers_of_its_own() -> None:
    with replicated(listed(4), 2, "thread") as flow:
        assert list(pickle.loads(pickle.dumps(flow))) == list(flow)


def test_the_short_form_is_the_same() -> None:
    with listed(4).replicate(2, backend="thread") as flow:
        assert isinstance(flow, df.ReplicateData)
        assert list(flow) == [[0], [0], [1], [1]]


def test_what_it_shows() -> None:
    flow = listed(4).replicate(2)
    assert repr(flow).startswith("ReplicateData(DataFromList(")
    assert "num_workers=2, backend='process'" in repr(flow)
    assert "in the workers" in flow.explain()


@pytest.mark.parametrize(("clones", "error"), [(0, ValueError), (-1, ValueError), ("2", TypeError)])
def test_a_wrong_number_of_clones_is_refused(clones: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="num_workers of ReplicateData"):
        df.ReplicateData(listed(), clones)


def test_what_cannot_be_cloned_is_named() -> None:
    class Locked(df.DataFlow):
        def __init__(self) -> None:
            self.lock = threading.Lock()

        def get_data(self) -> Iterator[Any]:
            yield [1]

    with pytest.raises(df.NotPicklableError, match="'lock'"):
        list(df.ReplicateData(Locked(), 2, "thread"))
