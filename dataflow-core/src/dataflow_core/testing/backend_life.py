"""Workers are started once, and nothing of them stays."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from dataflow_core.flow import DataFlow
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.catalogue import PIPELINES
from dataflow_core.testing.remains import Remains
from dataflow_core.testing.streams import assert_same_stream, seeded_flow
from dataflow_core.testing.waiting import wait_until


def _numbers() -> DataFlow:
    return DataFromList([[number] for number in range(40)], shuffle=False)


def _assert_nothing_stays(before: Remains) -> None:
    gone = wait_until(lambda: not Remains.now().beyond(before))
    assert gone, "still there: " + ", ".join(Remains.now().beyond(before))


class BackendLife(BackendCase):
    """From the first worker's start to the last one's end."""

    @pytest.fixture
    def before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parallel: Parallel
    ) -> Remains:
        """Return what there is before, once all that is imported or opened only once has been."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        once = parallel(_numbers().map(lambda dp: dp))
        list(once)
        once.close()
        return Remains.now()

    def test_the_same_workers_serve_every_epoch(self, parallel: Parallel) -> None:
        def who(dp: Any) -> Any:
            return os.getpid(), threading.get_ident()

        flow = parallel(_numbers().map(who), 2)
        workers = {worker for _ in range(3) for worker in flow}
        assert 1 <= len(workers) <= 2
        processes = {process for process, _ in workers}
        assert (processes == {os.getpid()}) == self.workers_share_memory

    def test_a_flow_that_is_not_iterated_starts_no_worker(
        self, before: Remains, parallel: Parallel
    ) -> None:
        flow = parallel(_numbers().map(lambda dp: dp))
        flow.explain()
        flow.state_dict()
        iter(flow)
        assert not Remains.now().beyond(before)

    @pytest.mark.parametrize("name", ["map with draws", "batch of drops", "written by hand"])
    def test_nothing_stays_after_close(
        self, before: Remains, parallel: Parallel, name: str
    ) -> None:
        flow = parallel(PIPELINES[name](), 3)
        list(flow)
        flow.close()
        _assert_nothing_stays(before)
        flow.close()

    def test_nothing_stays_after_close_in_the_middle(
        self, before: Remains, parallel: Parallel
    ) -> None:
        flow = parallel(_numbers().map(lambda dp: dp), 3)
        reading = iter(flow)
        next(reading)
        flow.close()
        _assert_nothing_stays(before)
        assert list(reading) == []

    def test_nothing_stays_of_a_flow_that_is_forgotten(self, before: Remains, backend: Any) -> None:
        flow = _numbers().map(lambda dp: dp).parallel(2, backend)
        assert len(list(islice(flow, 3))) == 3
        del flow
        gc.collect()
        _assert_nothing_stays(before)

    def test_nothing_stays_after_an_exception_and_close(
        self, before: Remains, parallel: Parallel
    ) -> None:
        def fail(dp: Any) -> Any:
            raise ValueError

        flow = parallel(_numbers().map(fail), 3)
        with pytest.raises(ValueError):  # noqa: PT011
            list(flow)
        flow.close()
        _assert_nothing_stays(before)

    def test_a_closed_flow_can_be_iterated_again(self, parallel: Parallel) -> None:
        make = PIPELINES["indexed, shuffled"]
        flow, sequential = parallel(make()), seeded_flow(make)
        for _ in range(2):
            assert_same_stream(flow, sequential)
            flow.close()

    def test_threads_iterate_flows_of_their_own(self, parallel: Parallel) -> None:
        make = PIPELINES["batch of drops"]
        expected = list(seeded_flow(make))
        flows = [parallel(make()) for _ in range(3)]
        seen: dict[int, list[Any]] = {}

        def read(number: int) -> None:
            seen[number] = list(flows[number])

        threads = [threading.Thread(target=read, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for number in range(3):
            assert_same_stream(seen[number], expected)

    def test_epochs_may_be_read_by_different_threads(self, parallel: Parallel) -> None:
        make = PIPELINES["map with draws"]
        flow, sequential = parallel(make()), seeded_flow(make)
        for _ in range(3):
            seen: list[Any] = []
            thread = threading.Thread(target=lambda seen=seen: seen.extend(flow))
            thread.start()
            thread.join(60)
            assert_same_stream(seen, sequential)
