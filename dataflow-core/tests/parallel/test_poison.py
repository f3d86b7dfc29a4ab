"""Workers that die: all but the datapoints they die of is delivered, once and in order."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from chaos_backend import ChaosBackend
from hypothesis import given
from hypothesis import strategies as st

import dataflow_core as df
from dataflow_core.parallel import Draws, Result, Task
from dataflow_core.parallel.engine.poison import Pieces, poisoned
from dataflow_core.parallel.task import Failure, Skipped

SEED = 7
SIZE = 40

seeds = st.integers(0, 999)
poisons = st.sets(st.integers(0, SIZE - 1), max_size=4)


def draw(dp: Any) -> Any:
    return [*dp, df.rng().random()]


def numbers() -> df.DataFlow:
    return df.DataFromList([[i] for i in range(SIZE)], shuffle=True).map(draw)


def stream(flow: df.DataFlow) -> list[Any]:
    flow.reset_state(SEED)
    return [canonical(dp) for dp in flow]


def canonical(dp: Any) -> Any:
    return tuple(getattr(one, "tolist", lambda one=one: one)() for one in dp)


def without(poison: set[int]) -> df.DataFlow:
    """Return the numbers without those at some positions, the draws of the others unchanged."""
    left_out = {dp[0] for i, dp in enumerate(stream(numbers())) if i in poison}

    def draw_unless_left_out(dp: Any) -> Any:
        return None if dp[0] in left_out else draw(dp)

    return df.DataFromList([[i] for i in range(SIZE)], shuffle=True).map(draw_unless_left_out)


def on_chaos(flow: df.DataFlow, backend: ChaosBackend, **options: Any) -> df.ParallelData:
    parallel = df.ParallelData(flow, 3, backend, **options)
    parallel.reset_state(SEED)
    return parallel


@given(seeds, poisons, st.integers(0, 5))
def test_all_but_the_poison_is_delivered_in_order(seed: int, poison: set[int], deaths: int) -> None:
    backend = ChaosBackend(seed, poison=poison, deaths=deaths)
    with on_chaos(numbers(), backend, on_error="skip") as flow:
        assert stream(flow) == stream(without(poison))
        stats = flow.stats()
    assert stats["skipped"] == len(poison)
    assert stats["datapoints_in"] == SIZE
    assert stats["datapoints_out"] == SIZE - len(poison)
    assert stats["workers_lost"] >= len(poison) + bool(poison)


@given(seeds, poisons, st.integers(0, 5), st.sampled_from([1, 3, 4]), st.booleans())
def test_batches_close_up_over_poison(
    seed: int, poison: set[int], deaths: int, size: int, remainder: bool
) -> None:
    def after(dp: Any) -> Any:
        return [*dp, df.rng().random()]

    backend = ChaosBackend(seed, poison=poison, deaths=deaths)
    flow = numbers().batch(size, remainder).map(after)
    with on_chaos(flow, backend, on_error="skip") as parallel:
        assert stream(parallel) == stream(without(poison).batch(size, remainder).map(after))


@given(seeds, poisons, st.integers(0, 5))
def test_out_of_order_all_but_the_poison_comes_once(
    seed: int, poison: set[int], deaths: int
) -> None:
    backend = ChaosBackend(seed, poison=poison, deaths=deaths)
    with on_chaos(numbers(), backend, on_error="skip", ordered=False) as flow:
        assert sorted(stream(flow)) == sorted(stream(without(poison)))


@given(seeds, st.integers(1, 12), st.sampled_from([1, 3]), st.booleans())
def test_accidents_change_nothing(seed: int, deaths: int, size: int, grouped: bool) -> None:
    flow = numbers().batch(size).map(draw) if grouped else numbers()
    expected = stream(flow)
    with on_chaos(flow, ChaosBackend(seed, deaths=deaths)) as parallel:
        assert stream(parallel) == expected
        stats = parallel.stats()
    assert stats["workers_lost"] > 0
    assert stats["tasks_rerun"] >= stats["workers_lost"]
    assert stats["skipped"] == 0


@given(seeds, st.integers(0, SIZE - 1), st.integers(0, 3))
def test_unless_it_may_be_skipped_poison_is_named_after_all_before_it(
    seed: int, culprit: int, deaths: int
) -> None:
    expected = stream(numbers())
    flow = on_chaos(numbers(), ChaosBackend(seed, poison={culprit}, deaths=deaths))
    seen = []
    with flow, pytest.raises(df.WorkerDiedError, match="SIGKILL") as raised:
        for dp in flow:
            seen.append(tuple(dp))
    assert raised.value.positions == (culprit,)
    assert f"position {culprit}" in str(raised.value)
    assert seen == expected[:culprit]


@given(seeds, st.integers(0, SIZE - 1))
def test_the_state_after_poison_points_at_it(seed: int, culprit: int) -> None:
    expected = stream(numbers())
    flow = on_chaos(numbers(), ChaosBackend(seed, poison={culprit}))
    with flow, pytest.raises(df.WorkerDiedError):
        list(flow)
    resumed = numbers()
    resumed.load_state_dict(flow.state_dict())
    assert [tuple(dp) for dp in resumed] == expected[culprit:]


def test_too_much_poison_is_too_many_errors() -> None:
    flow = on_chaos(numbers(), ChaosBackend(1, poison={3, 9, 20}), on_error="skip", max_errors=2)
    seen = []
    with flow, pytest.raises(df.TooManyErrorsError, match="position 20") as raised:
        for dp in flow:
            seen.append(tuple(dp))
    assert raised.value.skipped == 3
    expected = stream(numbers())
    assert seen == [dp for i, dp in enumerate(expected[:20]) if i not in (3, 9)]


@pytest.mark.parametrize(
    ("on_error", "skips"),
    [
        ("skip", True),
        ("raise", False),
        (df.Retry(5, then="skip"), True),
        (df.Retry(500, then="skip"), True),
        (df.Retry(5), False),
        (lambda error, stage, position: "skip", True),
        (lambda error, stage, position: "raise", False),
        (lambda error, stage, position: "retry", False),
    ],
)
def test_every_policy_is_asked_about_poison(on_error: Any, skips: bool) -> None:
    result = poisoned(Task(4, Draws(1, 0), [17], ["dp"]), "was killed by SIGSEGV", on_error)
    assert result.number == 4
    assert result.outputs == []
    if skips:
        assert result.failure is None
        (skipped,) = result.skipped
        assert (skipped.position, skipped.stage) == (17, "the workers' part")
        assert "SIGSEGV" in skipped.error
    else:
        assert result.failure is not None
        error = result.failure.error
        assert isinstance(error, df.WorkerDiedError)
        assert error.positions == (17,)


class TestPieces:
    @pytest.fixture
    def pieces(self) -> Pieces:
        whole = Task(5, Draws(1, 0), [10, 12, 13], ["a", "b", "c"], group=2, begin=10)
        return Pieces(whole, count(100))

    def test_hold_one_datapoint_each_and_run_alone(self, pieces: Pieces) -> None:
        assert [(task.number, task.positions, task.inputs) for task in pieces.tasks] == [
            (100, [10], ["a"]),
            (101, [12], ["b"]),
            (102, [13], ["c"]),
        ]
        assert all(task.alone and task.draws == Draws(1, 0) for task in pieces.tasks)

    def test_make_up_the_whole_whatever_the_order_of_answers(self, pieces: Pieces) -> None:
        left_out = Skipped(12, "f", "ValueError: no", "")
        assert pieces.take(Result(102, ["C"], [13], seconds=1.0)) is None
        assert pieces.take(Result(101, [], [], skipped=[left_out], retried=2)) is None
        whole = pieces.take(Result(100, ["A"], [10], seconds=2.0, retried=1))
        assert whole is not None
        assert (whole.number, whole.outputs, whole.positions) == (5, ["A", "C"], [10, 13])
        assert ([*whole.skipped], whole.retried, whole.seconds) == ([left_out], 3, 3.0)
        assert whole.failure is None

    def test_end_with_the_first_failure(self, pieces: Pieces) -> None:
        failure, later = Failure(ValueError("no")), Failure(ValueError("neither"))
        pieces.take(Result(102, [], [], failure=later))
        pieces.take(Result(101, [], [], failure=failure))
        whole = pieces.take(Result(100, ["A"], [10]))
        assert whole is not None
        assert (whole.outputs, whole.positions, whole.failure) == (["A"], [10], failure)
