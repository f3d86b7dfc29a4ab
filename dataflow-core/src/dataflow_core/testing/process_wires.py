"""What arrives from a worker process and cannot be read: bytes of nobody, objects of the user's."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dataflow_core.errors import NotPicklableError
from dataflow_core.flow import DataFlow
from dataflow_core.sources.from_generator import DataFromGenerator
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.process_deaths import SIZE, numbers, once
from dataflow_core.testing.streams import assert_same_stream, seeded_flow

#: What a stray write may put among the messages of a worker.
GARBAGE = {
    "noise": random.Random(4).randbytes(5000),  # noqa: S311  any noise will do
    "text": b"warning: something is deprecated\n" * 40,
    "zeros": bytes(3000),
    "ones": b"\xff" * 3000,
}

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not tell what is open"
)


# Local functions travel to other processes by value, so that workers need not import this module.
def _spilling(garbage: bytes, *, and_end: bool) -> Callable[[], None]:
    """Return a function that writes into all sockets of its process."""
    from contextlib import suppress

    def spill() -> None:
        for entry in Path("/proc/self/fd").iterdir():
            descriptor = int(entry.name)
            with suppress(OSError):
                if descriptor > 2 and str(entry.readlink()).startswith("socket:"):
                    os.write(descriptor, garbage)
        if and_end:
            os._exit(1)

    return spill


def _shy() -> Any:
    """Return a class whose objects cannot be unpickled in this process, or only in this one."""
    here = os.getpid()

    class Shy:
        def __init__(self, number: int, *, at_home: bool = False) -> None:
            self.number = number
            self.at_home = at_home

        def __setstate__(self, state: dict[str, Any]) -> None:
            if (os.getpid() == here) != state["at_home"]:
                raise LookupError("not over there")
            self.__dict__.update(state)

    return Shy


BAD = (5, 23, 24)


def _making_shy(bad: Sequence[int] = BAD) -> DataFlow:
    shy = _shy()
    return numbers().map(lambda dp: [dp[0], shy(dp[0]) if dp[0] in bad else 0])


def _until_it_raises(flow: DataFlow) -> tuple[list[int], NotPicklableError]:
    seen: list[int] = []
    with pytest.raises(NotPicklableError) as raised:
        for dp in flow:
            seen.append(dp[0])  # noqa: PERF401  what came before it raised is wanted, too
    return seen, raised.value


class BackendWires(BackendCase):
    """Messages that make no sense."""

    @needs_proc
    @pytest.mark.parametrize("and_end", [False, True])
    @pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
    def test_a_worker_that_sends_garbage_is_replaced_and_nothing_is_lost(
        self, parallel: Parallel, garbage: bytes, and_end: bool, tmp_path: Path
    ) -> None:
        def build(*culprits: int) -> DataFlow:
            spill = _spilling(garbage, and_end=and_end)
            return numbers().map(once(tmp_path, spill, *culprits)).batch(2)

        flow, expected = parallel(build(7, 31)), seeded_flow(build)
        assert_same_stream(flow, expected)
        assert len(list(tmp_path.iterdir())) == 2
        assert 1 <= flow.stats()["workers_lost"] <= 2
        assert_same_stream(flow, expected)

    def test_an_output_that_cannot_be_unpickled_raises_at_its_turn(
        self, parallel: Parallel
    ) -> None:
        flow = parallel(_making_shy(), 3)
        for _ in range(2):
            seen, error = _until_it_raises(flow)
            assert seen == list(range(5))
            assert "position 5 cannot be unpickled" in str(error)
            assert "LookupError: not over there" in str(error)
            assert 'backend="thread"' in str(error)
            assert isinstance(error.__cause__, LookupError)
            assert "MapData" in error.stage
            assert "position 5" in "\n".join(getattr(error, "__notes__", ()))
        assert flow.stats()["workers_lost"] == 0

    def test_after_such_an_output_the_state_points_at_it(self, parallel: Parallel) -> None:
        flow = parallel(_making_shy())
        _until_it_raises(flow)
        assert flow.state_dict()["position"] == 5
        resumed = _making_shy(())
        resumed.load_state_dict(flow.state_dict())
        assert list(resumed) == [[number, 0] for number in range(5, SIZE)]

    @pytest.mark.parametrize("batched", [False, True])
    def test_outputs_that_cannot_be_unpickled_are_skipped_where_that_is_wanted(
        self, parallel: Parallel, batched: bool
    ) -> None:
        made = _making_shy().map(lambda dp: dp)
        left = numbers().filter(lambda dp: dp[0] not in BAD).map(lambda dp: [dp[0], 0])
        if batched:
            made, left = made.batch(4, use_list=True), left.batch(4, use_list=True)
        flow = parallel(made, on_error="skip")
        assert_same_stream(flow, left)
        stats = flow.stats()
        assert stats["skipped"] == len(BAD)
        assert stats["workers_lost"] == 0
        assert stats["datapoints_in"] == stats["datapoints_out"] + len(BAD) == SIZE

    def test_outputs_that_cannot_be_pickled_are_skipped_where_that_is_wanted(
        self, parallel: Parallel
    ) -> None:
        bad = BAD

        def make(dp: Any) -> Any:
            return [dp[0], (step for step in dp) if dp[0] in bad else 0]

        flow = parallel(numbers().map(make), on_error="skip")
        assert [number for number, _ in flow] == [n for n in range(SIZE) if n not in bad]
        stats = flow.stats()
        assert stats["skipped"] == len(bad)
        assert stats["datapoints_in"] == stats["datapoints_out"] + len(bad) == SIZE

    def test_what_a_whole_flow_makes_and_cannot_be_unpickled_raises_at_its_turn(
        self, parallel: Parallel
    ) -> None:
        shy, bad = _shy(), BAD

        def generate() -> Iterator[Any]:
            for number in range(SIZE):
                yield [number, shy(number) if number in bad else 0]

        flow = parallel(DataFromGenerator(generate), 1)
        for _ in range(2):
            seen, error = _until_it_raises(flow)
            assert seen == list(range(5))
            assert "position 5 cannot be unpickled" in str(error)

    def test_an_input_that_cannot_be_unpickled_raises_at_its_turn(self, parallel: Parallel) -> None:
        shy = _shy()

        def generate() -> Iterator[Any]:
            for number in range(SIZE):
                yield [number, shy(number, at_home=True) if number == 23 else 0]

        flow = parallel(DataFromGenerator(generate).map(lambda dp: [dp[0]]))
        for _ in range(2):
            seen, error = _until_it_raises(flow)
            assert seen == list(range(23))
            assert "position 23 cannot be unpickled in a worker process" in str(error)
        flow = parallel(DataFromGenerator(generate).map(lambda dp: [dp[0]]), on_error="skip")
        assert [dp[0] for dp in flow] == [number for number in range(SIZE) if number != 23]

    def test_an_input_that_cannot_be_pickled_is_named_and_the_flow_goes_on(
        self, parallel: Parallel
    ) -> None:
        def generate() -> Iterator[Any]:
            for number in range(10):
                yield [number, 0 if number != 7 else (i for i in range(3))]

        flow = parallel(DataFromGenerator(generate).map(lambda dp: [dp[0]]))
        for _ in range(2):
            seen, error = _until_it_raises(flow)
            assert seen == list(range(7))
            assert "position 7 cannot be sent to a worker process" in str(error)

    def test_what_comes_before_it_in_its_task_is_delivered(self, parallel: Parallel) -> None:
        def generate() -> Iterator[Any]:
            for number in range(3000):
                yield [number, 0 if number != 2500 else (i for i in range(3))]

        flow = parallel(DataFromGenerator(generate).map(lambda dp: [dp[0]]))
        seen, error = _until_it_raises(flow)
        assert seen == list(range(2500))
        assert "position 2500 cannot be sent to a worker process" in str(error)
