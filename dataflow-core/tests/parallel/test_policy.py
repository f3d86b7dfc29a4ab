"""What happens to a datapoint that a stage fails on: raise, skip, try again, or ask."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chaos_backend import ChaosBackend
from hypothesis import given
from hypothesis import strategies as st

import dataflow_core as df
from dataflow_core import hooks
from dataflow_core.hooks import hookimpl
from dataflow_core.parallel.policy import MAX_TRIES, checked_on_error, decide
from dataflow_core.testing import assert_same_stream

SEED = 11
SIZE = 50
BAD = frozenset({3, 17, 18, 19, 40, 49})

each_backend = pytest.mark.parametrize("backend", ["inline", "thread", "process"])
in_this_process = pytest.mark.parametrize("backend", ["inline", "thread"])
bad_sets = st.sets(st.integers(0, SIZE - 1), max_size=12)


def source(size: int = SIZE) -> df.DataFlow:
    return df.DataFromList([[i] for i in range(size)], shuffle=True)


def failing(bad: Any = BAD) -> Any:
    """Return a function that draws, then fails on some numbers."""

    def fail(dp: Any) -> Any:
        drawn = df.rng().random()
        if dp[0] in bad:
            raise ValueError(f"bad number {dp[0]}")
        return [*dp, drawn]

    return fail


def dropping(bad: Any = BAD) -> Any:
    """Return the function that draws the same, and drops where the other fails."""

    def drop(dp: Any) -> Any:
        drawn = df.rng().random()
        return None if dp[0] in bad else [*dp, drawn]

    return drop


def draw(dp: Any) -> Any:
    return [*dp, df.rng().random()]


def seeded(flow: Any) -> Any:
    flow.reset_state(SEED)
    return flow


def positions_of(numbers: Any) -> list[int]:
    """Return where numbers are in the first epoch of the source."""
    return [i for i, dp in enumerate(seeded(source())) if dp[0] in numbers]


class TestSkip:
    @each_backend
    def test_leaves_out_just_what_failed(self, backend: str) -> None:
        flow = source().map(failing()).map(draw)
        sequential = seeded(source().map(dropping()).map(draw))
        with flow.parallel(3, backend, on_error="skip") as parallel:
            seeded(parallel)
            for epoch in (1, 2):
                assert_same_stream(parallel, sequential)
                stats = parallel.stats()
                assert stats["datapoints_in"] == epoch * SIZE
                assert stats["skipped"] == epoch * len(BAD)
                assert stats["datapoints_out"] == epoch * (SIZE - len(BAD))
                assert stats["dropped"] == stats["retries"] == 0

    @given(bad_sets, bad_sets, st.integers(1, 5), st.booleans(), st.integers(0, 99))
    def test_shifts_no_batch_wrongly(
        self, bad: set[int], dropped: set[int], size: int, remainder: bool, seed: int
    ) -> None:
        def pipeline(func: Any) -> df.DataFlow:
            thinned = source().map(dropping(dropped)).map(func)
            return thinned.batch(size, remainder).map(draw)

        backend = ChaosBackend(seed)
        with pipeline(failing(bad)).parallel(3, backend, on_error="skip") as parallel:
            assert_same_stream(seeded(parallel), seeded(pipeline(dropping(bad))))
            stats = parallel.stats()
        assert stats["datapoints_in"] == SIZE
        assert stats["dropped"] == len(dropped)
        assert stats["skipped"] == len(bad - dropped)
        assert stats["datapoints_out"] == SIZE - len(bad | dropped)

    @in_this_process
    @pytest.mark.parametrize("operator", ["batch", "lists", "padded_batch"])
    def test_makes_full_batches_of_every_kind(self, backend: str, operator: str) -> None:
        def pipeline(func: Any) -> df.DataFlow:
            flow = source().map(func).map(lambda dp: [np.full(2, dp[0])])
            batched = {
                "batch": lambda: flow.batch(4),
                "lists": lambda: flow.batch(4, use_list=True),
                "padded_batch": lambda: flow.padded_batch(4, remainder=True),
            }
            return batched[operator]().map(draw)

        with pipeline(failing()).parallel(2, backend, on_error="skip") as parallel:
            assert_same_stream(seeded(parallel), seeded(pipeline(dropping())))

    @in_this_process
    def test_of_everything_leaves_an_empty_epoch(self, backend: str) -> None:
        flow = source().map(failing(range(SIZE))).batch(4, remainder=True)
        with flow.parallel(2, backend, on_error="skip") as parallel:
            assert list(parallel) == []
            assert parallel.stats()["skipped"] == SIZE

    @in_this_process
    def test_is_for_what_a_source_cannot_read_too(self, backend: str) -> None:
        class Damaged(df.IndexedDataFlow):
            def __len__(self) -> int:
                return 20

            def __getitem__(self, index: int, /) -> Any:
                if index % 7 == 3:
                    raise OSError("unreadable")
                return [index]

        with Damaged().parallel(2, backend, on_error="skip") as parallel:
            assert [dp[0] for dp in parallel] == [i for i in range(20) if i % 7 != 3]
            assert parallel.stats()["skipped"] == 3

    @in_this_process
    def test_is_for_batches_too_that_a_stage_fails_on(self, backend: str, tmp_path: Path) -> None:
        def pipeline(func: Any) -> df.DataFlow:
            def after(dp: Any) -> Any:
                drawn = df.rng().random()
                return func(dp) if 7 in dp[0] or 30 in dp[0] else [*dp, drawn]

            return source().map(dropping()).batch(4).map(after).map(draw)

        def fail(dp: Any) -> Any:
            raise ValueError("bad batch")

        path = tmp_path / "bad.jsonl"
        expected = list(seeded(pipeline(lambda dp: None)))
        flow = pipeline(fail)
        with flow.parallel(2, backend, on_error="skip", quarantine=path) as parallel:
            assert_same_stream(seeded(parallel), expected)
            stats = parallel.stats()
        assert stats["groups_skipped"] == 2
        assert stats["datapoints_in"] == stats["datapoints_out"] + stats["dropped"] == SIZE
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line["error"] for line in lines] == ["ValueError: bad batch"] * 2
        assert all(line["stage"].endswith("<locals>.after)") for line in lines)
        with flow.parallel(2, backend, on_error="skip", max_errors=1) as parallel:
            seen = []
            with pytest.raises(df.TooManyErrorsError, match="bad batch"):
                for dp in seeded(parallel):
                    seen.append(dp)
            state = parallel.state_dict()
        batches = list(seeded(source().map(dropping()).batch(4)))
        failing = [i for i, batch in enumerate(batches) if 7 in batch[0] or 30 in batch[0]]
        assert state["position"] == failing[1]
        with flow.parallel(1, backend, on_error="skip") as parallel:
            parallel.load_state_dict(state)
            assert_same_stream([*seen, *parallel], expected)

    def test_is_not_for_a_source_that_fails_itself(self) -> None:
        def broken() -> Iterator[Any]:
            yield [1]
            raise LookupError("no more")

        with df.DataFromGenerator(broken).map(draw).parallel(2, on_error="skip") as parallel:
            reading = iter(parallel)
            next(reading)
            with pytest.raises(LookupError):
                next(reading)

    def test_is_not_for_what_is_before_the_workers_part(self) -> None:
        flow = source().map(failing()).shuffle(4).map(draw)
        with flow.parallel(2, on_error="skip") as parallel, pytest.raises(ValueError, match="bad"):
            list(parallel)

    def test_is_not_for_a_batch_that_cannot_be_made(self) -> None:
        ragged = source().map(lambda dp: [np.zeros(1 + dp[0] % 2)]).batch(4)
        with ragged.parallel(2, on_error="skip") as parallel, pytest.raises(df.BatchError):
            list(parallel)

    def test_is_not_for_what_leaves_the_program(self) -> None:
        def interrupt(dp: Any) -> Any:
            raise KeyboardInterrupt

        with (
            source().map(interrupt).parallel(1, "inline", on_error="skip") as parallel,
            pytest.raises(KeyboardInterrupt),
        ):
            list(parallel)

    def test_is_nothing_that_happens_unasked(self) -> None:
        with (
            source().map(failing()).parallel(2) as parallel,
            pytest.raises(ValueError, match="bad"),
        ):
            list(parallel)


class TestResume:
    @given(bad_sets, st.integers(0, SIZE), st.sampled_from([0, 1, 3]), st.integers(0, 99))
    def test_goes_on_exactly_from_the_middle_of_skips(
        self, bad: set[int], stop: int, size: int, seed: int
    ) -> None:
        def pipeline(func: Any) -> df.DataFlow:
            flow = source().map(func)
            return flow.batch(size, remainder=True).map(draw) if size else flow.map(draw)

        expected = list(seeded(pipeline(dropping(bad))))
        stop = min(stop, len(expected))
        with pipeline(failing(bad)).parallel(3, ChaosBackend(seed), on_error="skip") as first:
            reading = iter(seeded(first))
            seen = [next(reading) for _ in range(stop)]
            state = json.loads(json.dumps(first.state_dict()))
        assert_same_stream(seen, expected[:stop])
        with pipeline(failing(bad)).parallel(2, ChaosBackend(seed + 1), on_error="skip") as second:
            second.load_state_dict(state)
            assert_same_stream(second, expected[stop:])

    @in_this_process
    def test_after_too_many_errors_goes_on_with_the_one_too_many(self, backend: str) -> None:
        flow = source().map(failing())
        expected = list(seeded(source().map(dropping())))
        with flow.parallel(2, backend, on_error="skip", max_errors=3) as parallel:
            seen = []
            with pytest.raises(df.TooManyErrorsError):
                for dp in seeded(parallel):
                    seen.append(dp)
            state = parallel.state_dict()
        with flow.parallel(2, backend, on_error="skip") as parallel:
            parallel.load_state_dict(state)
            assert_same_stream([*seen, *parallel], expected)


class TestRaise:
    @in_this_process
    def test_is_the_exception_itself_at_its_turn(self, backend: str) -> None:
        expected = list(seeded(source().map(draw)))
        first = positions_of(BAD)[0]
        with source().map(failing()).parallel(3, backend, on_error="raise") as parallel:
            seen = []
            with pytest.raises(ValueError, match="bad number") as raised:
                for dp in seeded(parallel):
                    seen.append(dp)
        assert_same_stream(seen, expected[:first])
        assert f"position {first}" in "\n".join(raised.value.__notes__)


def flaky(times: int) -> Any:
    """Return a function that fails so many times on each bad number, drawing each time."""
    calls: Counter[int] = Counter()

    def fail(dp: Any) -> Any:
        drawn = df.rng().random()
        calls[dp[0]] += 1
        if dp[0] in BAD and calls[dp[0]] <= times:
            raise OSError(f"try {calls[dp[0]]}")
        return [*dp, drawn, df.rng().random()]

    return fail


def steady(dp: Any) -> Any:
    return [*dp, df.rng().random(), df.rng().random()]


class TestRetry:
    @pytest.mark.parametrize(
        ("backend", "size"), [("inline", 0), ("thread", 0), ("thread", 4), ("process", 4)]
    )
    def test_leaves_the_stream_as_if_nothing_had_failed(self, backend: str, size: int) -> None:
        def pipeline(func: Any) -> df.DataFlow:
            flow = source().map(draw).map(func).map(draw)
            return flow.batch(size).map(draw) if size else flow

        expected = seeded(pipeline(steady))
        with pipeline(flaky(2)).parallel(2, backend, on_error=df.Retry(2)) as parallel:
            assert_same_stream(seeded(parallel), expected)
            stats = parallel.stats()
        assert stats["retries"] == 2 * len(BAD)
        assert stats["datapoints_in"] == stats["datapoints_out"] == SIZE
        assert stats["skipped"] == 0

    def test_in_vain_raises_what_was_raised_last(self) -> None:
        flow = source().map(flaky(3))
        with (
            flow.parallel(1, "inline", on_error=df.Retry(2)) as parallel,
            pytest.raises(OSError, match=r"^try 3") as raised,
        ):
            list(seeded(parallel))
        notes = "\n".join(raised.value.__notes__)
        assert f"position {positions_of(BAD)[0]}" in notes

    @in_this_process
    def test_in_vain_may_skip(self, backend: str) -> None:
        policy = df.Retry(3, then="skip")
        with source().map(failing()).parallel(2, backend, on_error=policy) as parallel:
            assert_same_stream(seeded(parallel), seeded(source().map(dropping())))
            stats = parallel.stats()
        assert stats["retries"] == 3 * len(BAD)
        assert stats["skipped"] == len(BAD)

    def test_may_end_with_a_drop_or_with_another_stage_failing(self) -> None:
        calls: Counter[int] = Counter()

        def first_fails(dp: Any) -> Any:
            calls[dp[0]] += 1
            if calls[dp[0]] == 1 and dp[0] in {1, 2}:
                raise OSError
            return dp

        def second(dp: Any) -> Any:
            if dp[0] == 2:
                raise KeyError("the other stage")
            return None if dp[0] == 1 else dp

        flow = source(5).map(first_fails).map(second)
        with flow.parallel(1, "inline", on_error=df.Retry(1, then="skip")) as parallel:
            assert sorted(dp[0] for dp in parallel) == [0, 3, 4]
            stats = parallel.stats()
        assert (stats["dropped"], stats["skipped"], stats["retries"]) == (1, 1, 2)

    def test_waits_twice_as_long_each_time(self) -> None:
        when: list[float] = []

        def fail(dp: Any) -> Any:
            when.append(time.monotonic())
            raise OSError

        policy = df.Retry(3, backoff_s=0.02, then="skip")
        with source(1).map(fail).parallel(1, "inline", on_error=policy) as parallel:
            assert list(parallel) == []
        pauses = [later - earlier for earlier, later in pairwise(when)]
        assert len(pauses) == 3
        assert all(pause >= 0.02 * 2**i for i, pause in enumerate(pauses))

    @pytest.mark.parametrize(
        "arguments", [{"times": 0}, {"times": -1}, {"backoff_s": -0.1}, {"then": "retry"}]
    )
    def test_refuses_what_makes_no_sense(self, arguments: Any) -> None:
        with pytest.raises(ValueError, match="Retry"):
            df.Retry(**arguments)

    def test_is_a_value(self) -> None:
        assert df.Retry() == df.Retry(3, 0.0, "raise")
        assert hash(df.Retry(2)) == hash(df.Retry(2))


class TestFunction:
    @each_backend
    def test_decides_for_each_error(self, backend: str) -> None:
        def fail(dp: Any) -> Any:
            if dp[0] in {3, 20}:
                raise OSError
            if dp[0] == 30:
                raise ZeroDivisionError
            return dp

        def opinion(error: Exception, stage: str, position: int) -> Any:
            return "skip" if isinstance(error, OSError) else "raise"

        ordered = df.DataFromList([[i] for i in range(SIZE)], shuffle=False)
        with ordered.map(fail).parallel(2, backend, on_error=opinion) as parallel:
            seen = []
            with pytest.raises(ZeroDivisionError):
                for dp in parallel:
                    seen.append(dp[0])
        assert seen == [i for i in range(30) if i not in {3, 20}]

    def test_hears_error_stage_and_position(self) -> None:
        heard: list[Any] = []

        def opinion(*what: Any) -> Any:
            heard.append(what)
            return "skip"

        with source().map(draw).map(failing()).parallel(1, "inline", on_error=opinion) as parallel:
            list(seeded(parallel))
        assert [position for _, _, position in heard] == positions_of(BAD)
        assert {stage for _, stage, _ in heard} == {"MapData(failing.<locals>.fail)"}
        assert all(type(error) is ValueError for error, _, _ in heard)

    def test_may_ask_for_another_try_but_not_for_ever(self) -> None:
        tries = 0

        def opinion(error: Exception, stage: str, position: int) -> Any:
            nonlocal tries
            tries += 1
            return "retry"

        with (
            source(1).map(failing({0})).parallel(1, "inline", on_error=opinion) as parallel,
            pytest.raises(ValueError, match="bad number"),
        ):
            list(parallel)
        assert tries == MAX_TRIES

    @pytest.mark.parametrize("answer", [None, "ignore", True])
    def test_with_another_answer_raises_naming_it(self, answer: Any) -> None:
        flow = source().map(failing())
        with (
            flow.parallel(2, on_error=lambda *_: answer) as parallel,
            pytest.raises(ValueError, match=f"answered {answer!r}") as raised,
        ):
            list(parallel)
        assert "bad number" in str(raised.value.__cause__)

    def test_that_raises_is_heard(self) -> None:
        def opinion(error: Exception, stage: str, position: int) -> Any:
            raise LookupError("in the policy")

        flow = source().map(failing())
        with flow.parallel(2, on_error=opinion) as parallel, pytest.raises(LookupError) as raised:
            list(parallel)
        assert "bad number" in str(raised.value.__context__)

    def test_that_cannot_travel_is_named(self) -> None:
        lock = threading.Lock()

        def opinion(error: Exception, stage: str, position: int) -> Any:
            with lock:
                return "skip"

        flow = source().map(failing())
        with (
            flow.parallel(2, "process", on_error=opinion) as parallel,
            pytest.raises(df.NotPicklableError, match="on_error"),
        ):
            list(parallel)


class TestBounds:
    @in_this_process
    @pytest.mark.parametrize("max_errors", [0, 2, 5, 0.0, 0.05])
    def test_one_more_than_max_errors_raises_after_what_came_before(
        self, backend: str, max_errors: float
    ) -> None:
        bad = positions_of(BAD)
        allowed = 1 if max_errors == 0.05 else int(max_errors)
        with (
            source()
            .map(failing())
            .parallel(2, backend, on_error="skip", max_errors=max_errors) as parallel
        ):
            for _ in range(2):
                parallel.reset_state(SEED)  # a new epoch has its whole allowance again
                seen = []
                with pytest.raises(df.TooManyErrorsError, match="max_errors") as raised:
                    for dp in parallel:
                        seen.append(dp)
                assert raised.value.skipped == allowed + 1
                assert f"position {bad[allowed]}" in str(raised.value)
                assert_same_stream(
                    seen, list(seeded(source().map(dropping())))[: bad[allowed] - allowed]
                )

    def test_as_many_as_max_errors_pass(self) -> None:
        with source().map(failing()).parallel(2, on_error="skip", max_errors=len(BAD)) as parallel:
            for _ in range(3):
                assert len(list(parallel)) == SIZE - len(BAD)

    def test_batches_before_the_one_too_many_are_delivered(self) -> None:
        flow = source().map(failing()).batch(3)
        expected = list(seeded(source().map(dropping()).batch(3)))
        last = positions_of(BAD)[4]
        with flow.parallel(2, on_error="skip", max_errors=4) as parallel:
            seen = []
            with pytest.raises(df.TooManyErrorsError):
                for dp in seeded(parallel):
                    seen.append(dp)
        assert_same_stream(seen, expected[: (last - 4) // 3])

    @each_backend
    def test_the_quarantine_has_a_line_for_each_of_them(self, backend: str, tmp_path: Path) -> None:
        path = tmp_path / "bad.jsonl"
        flow = source().map(draw).map(failing()).batch(4)
        with flow.parallel(2, backend, on_error="skip", quarantine=path) as parallel:
            list(seeded(parallel))
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            list(parallel)
        assert [line["position"] for line in lines] == positions_of(BAD)
        for line in lines:
            assert line["epoch"] == 0
            assert line["stage"] == "MapData(failing.<locals>.fail)"
            assert line["error"].startswith("ValueError: bad number ")
            assert "in fail" in line["traceback"]
        second = [json.loads(line)["epoch"] for line in path.read_text().splitlines()]
        assert second == [0] * len(BAD) + [1] * len(BAD)


class Opinionated:
    """A plugin with an answer for each number."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.heard: list[tuple[str, int]] = []

    @hookimpl
    def dataflow_datapoint_failed(self, stage: str, position: int, error: BaseException) -> Any:
        self.heard.append((stage, position))
        return self.answer


@pytest.fixture
def plugin(request: pytest.FixtureRequest) -> Iterator[Opinionated]:
    opinionated = Opinionated(request.param)
    hooks.register_hooks(opinionated)
    yield opinionated
    hooks.unregister_hooks(opinionated)


class TestPlugins:
    @pytest.mark.parametrize("plugin", ["skip"], indirect=True)
    @pytest.mark.parametrize("ordered", [True, False])
    @pytest.mark.parametrize("on_error", ["raise", "skip", df.Retry(2)])
    def test_may_skip_whatever_the_policy_says(
        self, plugin: Opinionated, on_error: Any, ordered: bool
    ) -> None:
        class Damaged(df.IndexedDataFlow):
            """Nothing says that it drops, so that its batches might be taken for full ones."""

            def __len__(self) -> int:
                return SIZE

            def __getitem__(self, index: int, /) -> Any:
                if index in BAD:
                    raise OSError("unreadable")
                return [index]

        def tens(dp: Any) -> Any:
            return [10 * dp[0]]

        good = df.DataFromList([[i] for i in range(SIZE) if i not in BAD], shuffle=False)
        flow = Damaged().batch(4, remainder=True).map(tens)
        with flow.parallel(3, "thread", on_error=on_error, ordered=ordered) as parallel:
            assert_same_stream(parallel, good.batch(4, remainder=True).map(tens))
            assert parallel.stats()["skipped"] == len(BAD)
        assert sorted(position for _, position in plugin.heard) == sorted(BAD)

    @pytest.mark.parametrize("plugin", ["raise"], indirect=True)
    def test_may_raise_whatever_the_policy_says(self, plugin: Opinionated) -> None:
        flow = source().map(failing())
        with (
            flow.parallel(2, on_error="skip") as parallel,
            pytest.raises(ValueError, match="bad number"),
        ):
            list(parallel)

    @pytest.mark.parametrize("plugin", [None], indirect=True)
    def test_may_leave_it_to_the_policy(self, plugin: Opinionated) -> None:
        with source().map(failing()).parallel(2, on_error="skip") as parallel:
            assert_same_stream(seeded(parallel), seeded(source().map(dropping())))
        assert len(plugin.heard) == len(BAD)

    @pytest.mark.parametrize("plugin", ["retry"], indirect=True)
    def test_may_ask_for_another_try(self, plugin: Opinionated) -> None:
        with source().map(flaky(2)).parallel(1, "inline") as parallel:
            assert_same_stream(seeded(parallel), seeded(source().map(steady)))
            assert parallel.stats()["retries"] == 2 * len(BAD)


class TestArguments:
    @pytest.mark.parametrize("on_error", ["Skip", "retry", None, True, 3, b"skip"])
    def test_another_policy_is_refused_naming_what_there_is(self, on_error: Any) -> None:
        with pytest.raises(ValueError, match='on_error of ParallelData is "raise", "skip"'):
            source().map(draw).parallel(1, on_error=on_error)

    @pytest.mark.parametrize("name", ["max_errors", "timeout_s"])
    @pytest.mark.parametrize("value", [-1, -0.5, float("nan")])
    def test_a_bound_below_zero_is_refused(self, name: str, value: float) -> None:
        with pytest.raises(ValueError, match=f"{name} of ParallelData is at least 0"):
            source().map(draw).parallel(1, **{name: value})

    def test_a_time_limit_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="timeout_s of ParallelData is above 0"):
            source().map(draw).parallel(1, timeout_s=0)

    @pytest.mark.parametrize("name", ["max_errors", "timeout_s"])
    def test_a_bound_is_a_number(self, name: str) -> None:
        with pytest.raises(TypeError, match=f"{name} of ParallelData is a number"):
            source().map(draw).parallel(1, **{name: "3"})

    def test_an_order_may_be_an_integer_of_numpy(self) -> None:
        flow = source().map(draw).parallel(1, ordered=np.int64(3))
        assert flow.ordered == 3
        assert source().map(draw).parallel(1, ordered=np.int64(0)).ordered is True

    @pytest.mark.parametrize("arguments", [(1.5,), ("3",), (1, "2"), (1, None)])
    def test_retries_are_counted_in_integers(self, arguments: Any) -> None:
        with pytest.raises(TypeError, match="Retry takes an integer"):
            df.Retry(*arguments)

    @pytest.mark.parametrize("ordered", [-1, None, "no", 2.5])
    def test_another_order_is_refused(self, ordered: Any) -> None:
        with pytest.raises(ValueError, match="ordered of ParallelData"):
            source().map(draw).parallel(1, ordered=ordered)

    @pytest.mark.parametrize("on_error", ["raise", "skip", df.Retry(2), lambda *_: "skip"])
    def test_policies_pass_as_they_are(self, on_error: Any) -> None:
        assert checked_on_error(on_error, "here") is on_error


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["raise", "skip"]))
def test_a_retry_asks_for_as_many_tries_as_it_says_and_never_more_than_there_are(
    times: int, tries: int, then: Any
) -> None:
    answer = decide(df.Retry(times, then=then), OSError(), "f", 3, tries)
    assert answer == ("retry" if tries <= times and tries < MAX_TRIES else then)
