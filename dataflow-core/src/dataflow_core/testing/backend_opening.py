"""What stages open and draw in `reset_state()`: in workers as in the sequential flow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from dataflow_core.flow import DataFlow, IndexedDataFlow, RNGDataFlow
from dataflow_core.operators.concat import ConcatData
from dataflow_core.operators.map import MapData
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.streams import SEED, assert_same_stream, json_round_trip, seeded_flow

Make = Callable[[], DataFlow]


def _pipelines() -> Mapping[str, Make]:
    # Local classes travel to other processes by value, so that workers need not import this module.
    new_lock = threading.Lock

    class Written(RNGDataFlow):
        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            self.drawn = self.rng.random()

        def get_data(self) -> Iterator[Any]:
            for number in range(5):
                yield [number, self.drawn, self.rng.random()]

    class Indexed(IndexedDataFlow):
        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            self.drawn = self.rng.random()

        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int, /) -> Any:
            return [index, self.drawn]

    class Opening(MapData):
        """Holds what cannot be pickled, and a method of its own, and so itself."""

        def __init__(self, ds: DataFlow) -> None:
            super().__init__(ds, self.change)

        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            self.opened = new_lock()

        def change(self, dp: Any) -> Any:
            with self.opened:
                return dp

        def __getstate__(self) -> dict[str, object]:
            state = super().__getstate__()
            state.pop("opened", None)
            return state

    def numbers() -> DataFlow:
        return DataFromList([[number] for number in range(9)], shuffle=True)

    return {
        "a written source": Written,
        "an indexed source": lambda: Indexed(shuffle=True),
        "repeated": lambda: Indexed(shuffle=True).repeat(2),
        "a map": lambda: Opening(numbers()),
        "maps before and after a batch": lambda: Opening(Opening(numbers()).batch(2)),
        "a written source under a map": lambda: Opening(Written()),
        "an indexed source under a map": lambda: Opening(Indexed()),
    }


PIPELINES = _pipelines()

each_pipeline = pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES.keys())


def _epochs(flow: DataFlow, seeds: Sequence[int]) -> Iterator[Any]:
    for seed in seeds:
        flow.reset_state(seed)
        for _ in range(2):
            yield from flow


class BackendOpening(BackendCase):
    """A worker opens what the sequential flow does, when it does, and with the same draws."""

    @each_pipeline
    def test_a_reset_opens_and_draws_the_same(self, make: Make, parallel: Parallel) -> None:
        seeds = (SEED, SEED + 1, SEED)
        assert_same_stream(_epochs(parallel(make()), seeds), _epochs(make(), seeds))

    @each_pipeline
    def test_so_does_a_state_of_a_later_epoch(self, make: Make, parallel: Parallel) -> None:
        sequential, flow = seeded_flow(make), parallel(make())
        list(sequential)
        state = json_round_trip(sequential.state_dict())
        flow.load_state_dict(state)
        assert_same_stream(flow, sequential)

    @each_pipeline
    def test_so_does_a_flow_that_comes_after_others(self, make: Make, parallel: Parallel) -> None:
        drawing = PIPELINES["a written source"]
        together = seeded_flow(lambda: ConcatData([drawing(), parallel(make())]))
        assert_same_stream(together, seeded_flow(lambda: ConcatData([drawing(), make()])))
