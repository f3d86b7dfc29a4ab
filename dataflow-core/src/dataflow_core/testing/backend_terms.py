"""On other terms: what fails is left out or tried again, workers die, the order is given up."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from dataflow_core.errors import WorkerDiedError
from dataflow_core.flow import DataFlow
from dataflow_core.parallel.policy import Retry
from dataflow_core.rng import rng
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.canonical import canonical
from dataflow_core.testing.streams import assert_same_stream, json_round_trip, seeded_flow

SIZE = 40
BAD = (3, 17, 18, 39)

Func = Callable[[Any], Any]


def _numbers(func: Func) -> DataFlow:
    return DataFromList([[number] for number in range(SIZE)], shuffle=True).map(func)


def _batches(func: Func, after: Func) -> DataFlow:
    return _numbers(func).batch(3, remainder=True).map(after)


# Local functions travel to other processes by value, so that workers need not import this module.
def _drawing(on_bad: Func) -> Func:
    """Return a function that draws, and does something else for bad numbers."""
    bad = BAD

    def draw(dp: Any) -> Any:
        drawn = rng().random()
        return on_bad(dp) if dp[0] in bad else [*dp, drawn]

    return draw


def _failing() -> Func:
    def fail(dp: Any) -> Any:
        raise ValueError(dp)

    return _drawing(fail)


def _dropping() -> Func:
    return _drawing(lambda dp: None)


def _deadly() -> Func:
    def end(dp: Any) -> Any:
        os._exit(9)

    return _drawing(end)


def _steady() -> Func:
    def draw(dp: Any) -> Any:
        return [*dp, rng().random()]

    return draw


class BackendTerms(BackendCase):
    """What a flow may be told to do about errors, and about order."""

    def test_what_fails_is_left_out_and_counted(self, parallel: Parallel) -> None:
        dropping = seeded_flow(lambda: _numbers(_dropping()))
        dropping_then_batched = seeded_flow(lambda: _batches(_dropping(), _steady()))
        for failing, sequential in (
            (_numbers(_failing()), dropping),
            (_batches(_failing(), _steady()), dropping_then_batched),
        ):
            flow = parallel(failing, on_error="skip")
            assert_same_stream(flow, sequential)
            stats = flow.stats()
            assert stats["datapoints_in"] == SIZE
            assert stats["skipped"] == len(BAD)
            assert stats["datapoints_out"] == SIZE - len(BAD)

    def test_a_retry_draws_the_same_again(self, parallel: Parallel) -> None:
        def flaky() -> Func:
            tried = set()
            steady = _steady()

            def fail_once(dp: Any) -> Any:
                drawn = steady(dp)
                if dp[0] % 7 == 0 and dp[0] not in tried:
                    tried.add(dp[0])
                    raise OSError
                return drawn

            return fail_once

        flow = parallel(_numbers(flaky()), on_error=Retry(1))
        assert_same_stream(flow, seeded_flow(lambda: _numbers(_steady())))
        assert flow.stats()["retries"] == len(range(0, SIZE, 7))

    @pytest.mark.parametrize("grouped", [False, True])
    def test_out_of_order_each_comes_once_and_the_rest_is_the_rest(
        self, parallel: Parallel, grouped: bool
    ) -> None:
        def make() -> DataFlow:
            return _batches(_steady(), _steady()) if grouped else _numbers(_steady())

        sequential = seeded_flow(make)
        expected, following = list(sequential), list(sequential)
        flow, other = parallel(make(), 3, ordered=False), parallel(make(), 2, ordered=4)
        seen = list(islice(flow, 7))
        other.load_state_dict(json_round_trip(flow.state_dict()))
        seen += islice(other, 3)
        resumed = make()
        resumed.load_state_dict(json_round_trip(other.state_dict()))
        assert Counter(map(canonical, [*seen, *resumed])) == Counter(map(canonical, expected))
        assert Counter(map(canonical, flow)) == Counter(map(canonical, following))

    def test_datapoints_that_workers_die_of_are_left_out_and_no_others(
        self, parallel: Parallel
    ) -> None:
        self._needs_processes()
        flow = parallel(_numbers(_deadly()), on_error="skip")
        assert_same_stream(flow, seeded_flow(lambda: _numbers(_dropping())))
        stats = flow.stats()
        assert stats["skipped"] == len(BAD)
        assert stats["workers_lost"] > len(BAD)

    def test_a_datapoint_that_workers_die_of_is_named_at_its_turn(self, parallel: Parallel) -> None:
        self._needs_processes()
        expected = list(seeded_flow(lambda: _numbers(_steady())))
        first = next(i for i, dp in enumerate(expected) if dp[0] in BAD)
        flow = parallel(_numbers(_deadly()))
        seen = []
        with pytest.raises(WorkerDiedError) as raised:
            for dp in flow:
                seen.append(dp)  # noqa: PERF402  what came before it raised is wanted, too
        assert_same_stream(seen, expected[:first])
        assert raised.value.positions == (first,)

    def _needs_processes(self) -> None:
        if self.workers_share_memory:
            pytest.skip("workers of this backend die with the program")
