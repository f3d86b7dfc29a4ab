"""What every source promises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import chain, islice, zip_longest
from typing import Any, ClassVar

import cloudpickle
import numpy as np
import pytest

from dataflow_core.errors import NotResumableError, UnknownLengthError
from dataflow_core.flow import DataFlow, IndexedDataFlow
from dataflow_core.flow.run import Scope
from dataflow_core.rng import seeded
from dataflow_core.testing.canonical import canonical
from dataflow_core.testing.streams import SEED, assert_same_stream, json_round_trip, seeded_flow

Make = Callable[[], DataFlow]


class SourceConformance:
    """The suite of a source: subclass it and write the fixture `source`.

    The fixture returns a factory: a function without arguments, or a class, that makes a new,
    equal flow at every call. Of an endless or large source the first `look_at` datapoints of an
    epoch are read.

    Example::

        class TestMySource(SourceConformance):
            @pytest.fixture
            def source(self, tmp_path):
                return lambda: MySource(tmp_path, shuffle=True)
    """

    #: How many datapoints of an epoch the tests read at most.
    look_at: ClassVar[int] = 60

    @pytest.fixture
    def source(self) -> Make:
        """Return the factory. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'source'")

    def _epoch(self, flow: DataFlow) -> list[Any]:
        return list(islice(flow, self.look_at))

    def _expected(self, source: Make) -> list[Any]:
        flow = seeded_flow(source)
        if not flow.resumable:
            pytest.skip("the source cannot repeat itself")
        return self._epoch(flow)

    def _indexed(self, source: Make) -> IndexedDataFlow:
        flow = seeded_flow(source)
        if not isinstance(flow, IndexedDataFlow):
            pytest.skip("the source is not indexed")
        return flow

    def test_its_factory_makes_flows(self, source: Make) -> None:
        assert isinstance(source(), DataFlow)
        assert source() is not source()

    def test_its_length_is_the_number_of_its_datapoints(self, source: Make) -> None:
        flow = seeded_flow(source)
        try:
            length = len(flow)
        except UnknownLengthError:
            pytest.skip("its length is not known")
        assert length == flow.size()
        assert len(self._epoch(flow)) == min(length, self.look_at)

    def test_the_same_seed_gives_the_same_epochs(self, source: Make) -> None:
        first, second = seeded_flow(source), seeded_flow(source)
        self._expected(source)
        for _ in range(2):
            assert_same_stream(self._epoch(first), self._epoch(second))

    def test_it_starts_over_after_a_reset(self, source: Make) -> None:
        expected = self._expected(source)
        flow = seeded_flow(source)
        self._epoch(flow)
        flow.reset_state(SEED)
        assert_same_stream(self._epoch(flow), expected)

    def test_it_can_be_closed_and_read_again(self, source: Make) -> None:
        expected = self._expected(source)
        with seeded_flow(source) as flow:
            next(iter(flow), None)
        flow.reset_state(SEED)
        assert_same_stream(self._epoch(flow), expected)
        flow.close()
        flow.close()

    def test_it_resumes_at_every_position(self, source: Make) -> None:
        expected = self._expected(source)
        flow, resumed = seeded_flow(source), source()
        states = [json_round_trip(flow.state_dict())]
        states += [json_round_trip(flow.state_dict()) for _ in islice(flow, self.look_at)]
        for position, state in enumerate(states[: len(expected)]):
            resumed.load_state_dict(state)
            rest = islice(resumed, len(expected) - position)
            assert_same_stream(rest, expected[position:])

    def test_one_that_cannot_repeat_itself_says_so(self, source: Make) -> None:
        flow = seeded_flow(source)
        if flow.resumable:
            assert flow.state_dict()["position"] == 0
        else:
            with pytest.raises(NotResumableError):
                flow.state_dict()

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_its_shards_are_the_stream_in_turns(self, source: Make, count: int) -> None:
        expected = self._expected(source)
        shards = [source().shard(index, count) for index in range(count)]
        for shard in shards:
            shard.reset_state(SEED)
        missing = object()
        turns = chain.from_iterable(zip_longest(*map(self._epoch, shards), fillvalue=missing))
        together = [dp for dp in turns if dp is not missing]
        assert_same_stream(together[: len(expected)], expected)

    def test_a_copy_in_another_process_would_be_equal(self, source: Make) -> None:
        expected = self._expected(source)
        copied = cloudpickle.loads(cloudpickle.dumps(seeded_flow(source)))
        copied.reset_state(SEED)
        assert_same_stream(self._epoch(copied), expected)

    @pytest.mark.parametrize("backend", ["inline", "thread", "process"])
    def test_workers_read_the_same_stream(self, source: Make, backend: str) -> None:
        expected = self._expected(source)
        with source().map(_unchanged).parallel(3, backend) as flow:
            flow.reset_state(SEED)
            assert_same_stream(islice(flow, len(expected)), expected)

    def test_an_index_always_leads_to_the_same_datapoint(self, source: Make) -> None:
        flow, other = self._indexed(source), self._indexed(source)
        indices = [*range(min(len(flow), self.look_at))]
        expected = [_read(flow, index) for index in indices]
        backwards = [_read(flow, index) for index in reversed(indices)]
        assert backwards[::-1] == expected
        assert [_read(other, index) for index in indices] == expected

    def test_an_epoch_visits_every_index_once(self, source: Make) -> None:
        flow = self._indexed(source)
        if len(flow) > self.look_at:
            pytest.skip("an epoch is longer than what is looked at")
        order = flow._order(Scope(SEED, 0))
        positions = np.arange(len(flow))
        visited = positions if order is None else order(positions)
        assert sorted(visited) == [*positions]
        assert len([*flow]) == len(flow)

    def test_several_threads_may_read_it_at_once(self, source: Make) -> None:
        flow = self._indexed(source)
        indices = range(min(len(flow), self.look_at))

        def read() -> list[Any]:
            return [_read(flow, index) for index in indices]

        expected = read()
        seen: list[list[Any]] = []
        threads = [threading.Thread(target=lambda: seen.append(read())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [expected] * 4


def _unchanged(dp: Any) -> Any:
    return dp


def _read(flow: IndexedDataFlow, index: int) -> Any:
    with seeded(index):
        return canonical(flow[index])
