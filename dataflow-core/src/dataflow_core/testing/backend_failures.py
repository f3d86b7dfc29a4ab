"""Exceptions arrive as themselves, at their turn, and nothing is lost by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflow_core.errors import BatchError, WorkerError
from dataflow_core.flow import DataFlow
from dataflow_core.sources.from_generator import DataFromGenerator
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.streams import assert_same_stream

SIZE = 40


def _numbers() -> DataFlow:
    return DataFromList([[number] for number in range(SIZE)], shuffle=False)


def _until_it_raises(flow: DataFlow, kind: type[BaseException]) -> tuple[list[Any], BaseException]:
    seen = []
    with pytest.raises(kind) as raised:
        for dp in flow:
            seen.append(dp)  # noqa: PERF402  what came before it raised is wanted, too
    return seen, raised.value


def _notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))


class BackendFailures(BackendCase):
    """What goes wrong in the user's code."""

    @pytest.mark.parametrize("culprit", [0, 1, 17, SIZE - 1])
    def test_an_exception_comes_at_its_turn_and_says_where(
        self, parallel: Parallel, culprit: int
    ) -> None:
        def fail(dp: Any) -> Any:
            if dp[0] == culprit:
                raise ValueError("what the user said", culprit)
            return dp

        flow = parallel(_numbers().map(fail), 3)
        for _ in range(2):
            seen, error = _until_it_raises(flow, ValueError)
            assert seen == [[number] for number in range(culprit)]
            assert type(error) is ValueError
            assert error.args == ("what the user said", culprit)
            assert "MapData" in _notes(error)
            assert f"position {culprit}" in _notes(error)

    def test_after_an_exception_the_state_points_at_the_datapoint_that_failed(
        self, parallel: Parallel, tmp_path: Path
    ) -> None:
        mended = str(tmp_path / "mended")

        def make() -> DataFlow:
            def fail_once(dp: Any) -> Any:
                if dp[0] == 23 and not Path(mended).exists():
                    raise OSError("not yet")
                return None if dp[0] % 3 == 0 else dp

            return _numbers().map(fail_once)

        expected = [[number] for number in range(SIZE) if number % 3]
        for flow, whole in ((make(), expected), (make().batch(4, remainder=True), None)):
            Path(mended).unlink(missing_ok=True)
            one = parallel(flow)
            seen, _ = _until_it_raises(one, OSError)
            Path(mended).touch()
            state = one.state_dict()
            resumed, sequential = parallel(flow, 1), flow
            resumed.load_state_dict(state)
            rest = list(resumed)
            sequential.load_state_dict(state)
            assert_same_stream(rest, sequential)
            sequential.reset_state(0)
            assert_same_stream([*seen, *rest], sequential if whole is None else whole)

    def test_an_exception_of_the_source_comes_after_all_that_it_gave(
        self, parallel: Parallel
    ) -> None:
        def give_out() -> Iterator[Any]:
            for number in range(11):
                yield [number]
            raise LookupError("the source is broken")

        for flow in (DataFromGenerator(give_out), DataFromGenerator(give_out).map(lambda dp: dp)):
            seen, error = _until_it_raises(parallel(flow), LookupError)
            assert seen == [[number] for number in range(11)]
            assert "DataFromGenerator" in _notes(error)

    def test_a_batch_that_cannot_be_stacked_comes_after_those_before(
        self, parallel: Parallel
    ) -> None:
        def ragged(dp: Any) -> Any:
            return [np.zeros(2 if dp[0] == 17 else 1)]

        def ragged_or_dropped(dp: Any) -> Any:
            return None if dp[0] % 2 == 0 else ragged(dp)

        for func, batches in ((ragged, 4), (ragged_or_dropped, 2)):
            flow = parallel(_numbers().map(func).batch(4))
            seen, error = _until_it_raises(flow, BatchError)
            assert len(seen) == batches
            assert f"position {batches}" in _notes(error)

    def test_an_exception_after_a_batch_comes_at_its_turn(self, parallel: Parallel) -> None:
        def fail(dp: Any) -> Any:
            if 22 in dp[0]:
                raise ArithmeticError
            return dp

        for flow in (_numbers().batch(4), _numbers().map(lambda dp: dp).batch(4)):
            one = parallel(flow.map(fail))
            seen, error = _until_it_raises(one, ArithmeticError)
            assert len(seen) == 5
            assert "position 5" in _notes(error)
            assert one.state_dict()["position"] == 5

    def test_an_exception_that_cannot_be_pickled_arrives(self, parallel: Parallel) -> None:
        class Stubborn(Exception):  # noqa: N818
            def __reduce__(self) -> Any:
                raise TypeError("not me")

        def fail(dp: Any) -> Any:
            if dp[0] == 5:
                raise Stubborn("it went wrong")
            return dp

        expected = Stubborn if self.workers_share_memory else WorkerError
        seen, error = _until_it_raises(parallel(_numbers().map(fail)), expected)
        assert seen == [[number] for number in range(5)]
        assert "it went wrong" in str(error)
        assert "position 5" in _notes(error)
        if isinstance(error, WorkerError):
            assert "Stubborn" in error.traceback_text

    def test_a_result_that_cannot_be_pickled_does_no_harm_to_those_before(
        self, parallel: Parallel
    ) -> None:
        def make(dp: Any) -> Any:
            return [(step for step in dp)] if dp[0] == 5 else dp

        flow = parallel(_numbers().map(make))
        seen = []
        try:
            for dp in flow:
                seen.append(dp)  # noqa: PERF402
        except TypeError as error:
            assert not self.workers_share_memory
            assert "position 5" in str(error)  # noqa: PT017
            assert seen == [[number] for number in range(5)]
        else:
            assert len(seen) == SIZE

    def test_an_exception_in_the_loop_ends_only_the_loop(self, parallel: Parallel) -> None:
        flow = parallel(_numbers().map(lambda dp: dp))
        for kind in (KeyboardInterrupt, GeneratorExit, ValueError):
            with pytest.raises(kind):
                for dp in flow:
                    if dp[0] == 3:
                        raise kind
            assert_same_stream(flow, [[number] for number in range(SIZE)])
