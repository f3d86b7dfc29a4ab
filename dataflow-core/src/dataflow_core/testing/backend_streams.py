"""The parallel stream is the sequential stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from dataflow_core.flow import DataFlow
from dataflow_core.operators.join import JoinData
from dataflow_core.rng import rng
from dataflow_core.sources.from_generator import DataFromGenerator
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.catalogue import PIPELINES
from dataflow_core.testing.streams import assert_same_stream, json_round_trip, seeded_flow

MANY = 20_000
HUGE_BYTES = 50_000_000

Make = Callable[[], DataFlow]

each_pipeline = pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES.keys())


class BackendStreams(BackendCase):
    """Equality with the sequential stream, in every epoch and from every position."""

    # One test for both claims: starting workers is what takes the time.
    @each_pipeline
    def test_every_epoch_and_every_rest_of_one_is_the_sequential_one(
        self, make: Make, parallel: Parallel
    ) -> None:
        sequential = seeded_flow(make)
        flow, other = parallel(make(), 1), parallel(make(), 2)
        for count in (None, None, 1, 4, None):
            assert_same_stream(islice(other, count), [*sequential][:count])
        for one in (sequential, flow, other):
            one.set_epoch(7)
        states, states_of_flow, resumed = _states(sequential), _states(flow), make()
        sequential.set_epoch(7)
        expected, following = [*sequential], [*sequential]
        for position in range(len(expected) + 1):
            for state, onto in (
                (states_of_flow[position], other),
                (states_of_flow[position], resumed),
                (states[position], flow),
            ):
                onto.load_state_dict(state)
                assert_same_stream(onto, expected[position:])
        if expected:
            assert_same_stream(other, following)

    def test_arrays_can_be_written_to_as_those_of_the_sequential_stream(
        self, parallel: Parallel
    ) -> None:
        def make(dp: Any) -> Any:
            return [np.zeros(3), np.zeros(1_000_000, np.uint8)]

        numbers = DataFromList([[number] for number in range(4)], shuffle=False)
        for flow in (parallel(numbers.map(make)), parallel(numbers.map(make).batch(2))):
            for dp in flow:
                for array in dp:
                    assert array.flags.writeable
                    array += 1

    def test_a_pipeline_in_a_pipeline_in_workers(self, parallel: Parallel) -> None:
        def draw(dp: Any) -> Any:
            return [*dp, rng().random()]

        def numbers() -> DataFlow:
            return DataFromList([[number] for number in range(23)], shuffle=True)

        sequential = seeded_flow(lambda: numbers().map(draw).batch(3).map(draw).shuffle(4))
        inner = parallel(numbers().map(draw))
        middle = parallel(inner.batch(3).map(draw))
        flow = parallel(middle.shuffle(4), 1)
        for _ in range(2):
            assert_same_stream(flow, sequential)

    def test_two_flows_at_once_do_not_disturb_each_other(self, parallel: Parallel) -> None:
        make = PIPELINES["map with draws"]
        first, second = parallel(make()), parallel(make(), 1)
        expected = list(seeded_flow(make))
        for (one, other), dp in zip(zip(first, second), expected):
            assert_same_stream([one, other], [dp, dp])
        joined = JoinData([parallel(make()), parallel(make())])
        assert_same_stream(
            seeded_flow(lambda: joined), seeded_flow(lambda: JoinData([make(), make()]))
        )

    def test_many_small_datapoints_arrive_each_once(self, parallel: Parallel) -> None:
        flow = parallel(DataFromList(range(MANY), shuffle=False).map(lambda number: [number]))
        assert [number for (number,) in flow] == list(range(MANY))

    def test_huge_datapoints_arrive(self, parallel: Parallel) -> None:
        size = HUGE_BYTES

        def make(dp: Any) -> Any:
            return [np.full(size, dp[0], np.uint8)]

        flow = parallel(DataFromList([[1], [2]], shuffle=False).map(make))
        seen = [(array.nbytes, int(array.min()), int(array.max())) for (array,) in flow]
        assert seen == [(size, 1, 1), (size, 2, 2)]

    @pytest.mark.parametrize("max_in_flight", [1, 2, 7])
    def test_no_more_is_under_way_than_was_allowed(
        self, parallel: Parallel, max_in_flight: int
    ) -> None:
        drawn = 0

        def count() -> Iterator[Any]:
            nonlocal drawn
            for number in range(60):
                drawn += 1
                yield [number]

        flow = parallel(DataFromGenerator(count).map(lambda dp: dp), 3, max_in_flight=max_in_flight)
        for delivered, _ in enumerate(flow):
            assert drawn - delivered <= max_in_flight


def _states(flow: DataFlow) -> list[dict[str, object]]:
    """Return the state before each datapoint of an epoch, and after the last."""
    before = json_round_trip(flow.state_dict())
    return [before, *(json_round_trip(flow.state_dict()) for _ in flow)]
