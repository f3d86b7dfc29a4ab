"""Worker processes die in every way there is, and the stream does not change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflow_core.errors import NotPicklableError, WorkerDiedError, WorkerError
from dataflow_core.flow import DataFlow, RNGDataFlow
from dataflow_core.rng import rng
from dataflow_core.sources.from_list import DataFromList
from dataflow_core.testing.backend_case import BackendCase, Parallel
from dataflow_core.testing.streams import assert_same_stream, seeded_flow
from dataflow_core.testing.waiting import wait_until

SIZE = 60

#: Within so many seconds a death is noticed; what is on top is a loaded machine's.
NOTICED_SECONDS = 1.0 + 1.0

Func = Callable[[Any], Any]


def numbers(size: int = SIZE) -> DataFlow:
    """Return a flow of [0], [1], ..."""
    return DataFromList([[number] for number in range(size)], shuffle=False)


# Local functions travel to other processes by value, so that workers need not import this module.
def _ways() -> dict[str, Callable[[], None]]:
    import ctypes
    import signal

    def by_sigkill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def by_exit() -> None:
        os._exit(3)

    def by_system_exit() -> None:
        raise SystemExit(4)

    def by_segfault() -> None:
        # Not faulthandler's: nothing is to be printed.
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        ctypes.string_at(0)

    return {
        "SIGKILL": by_sigkill,
        "os._exit": by_exit,
        "SystemExit": by_system_exit,
        "segfault": by_segfault,
    }


WAYS = _ways()


def once(marks: Path, way: Callable[[], None], *culprits: int) -> Func:
    """Return a map function that does something the first time it meets each culprit.

    It also draws, and adds an array that is large enough for shared memory.
    """
    directory = str(marks)

    def do_once(dp: Any) -> Any:
        if dp[0] in culprits:
            mark = Path(directory, str(dp[0]))
            if not mark.exists():
                mark.touch()
                way()
        return [*dp, int(rng().integers(1000)), np.full((300, 300), dp[0], np.uint8)]

    return do_once


def _at(culprit: int, way: Callable[[], None]) -> Func:
    def do(dp: Any) -> Any:
        if dp[0] == culprit:
            way()
        return dp

    return do


def _hanging(mark: Path, seconds: float = 0.0) -> Func:
    """Return a map function that stops its process the first time it meets 7."""
    import signal

    path = str(mark)

    def hang(dp: Any) -> Any:
        if dp[0] == 7 and not Path(path).exists():
            Path(path).touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(seconds)
        return [dp[0] * 2]

    return hang


def _lives(marks: Path, *culprits: int) -> DataFlow:
    """Return a flow that ends its process at the given numbers, once each."""

    class Lives(RNGDataFlow):
        def __init__(self) -> None:
            self.marks = str(marks)

        def get_data(self) -> Iterator[Any]:
            for number in range(SIZE):
                if number in culprits:
                    mark = Path(self.marks, str(number))
                    if not mark.exists():
                        mark.touch()
                        os._exit(1)
                yield [number, int(self.rng.integers(1000))]

    return Lives()


def _that_ends(how: str) -> Any:
    """Return an object whose unpickling ends the process, or raises."""

    class CannotArrive:
        def __reduce__(self) -> Any:
            return (os._exit, (9,)) if how == "exits" else (eval, ("1 / 0",))

    return CannotArrive()


class BackendDeaths(BackendCase):
    """What worker processes may do to themselves."""

    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
    def test_a_worker_that_dies_once_changes_nothing(
        self, parallel: Parallel, way: Callable[[], None], tmp_path: Path
    ) -> None:
        def build(*culprits: int) -> DataFlow:
            return numbers().map(once(tmp_path, way, *culprits)).batch(2)

        expected = seeded_flow(build)
        flow = parallel(build(0, 51))
        for _ in range(2):
            assert_same_stream(flow, expected)
        stats = flow.stats()
        assert len(list(tmp_path.iterdir())) == 2
        assert 1 <= stats["workers_lost"] <= 2
        assert stats["datapoints_in"] == stats["datapoints_out"] == 2 * SIZE

    @pytest.mark.parametrize("workers", [1, 3])
    def test_batches_stay_exact_when_workers_die(
        self, parallel: Parallel, workers: int, tmp_path: Path
    ) -> None:
        def build(*culprits: int) -> DataFlow:
            flow = numbers().map(once(tmp_path, WAYS["os._exit"], *culprits))
            return flow.filter(lambda dp: dp[1] % 3 != 0).batch(4, remainder=True)

        flow = parallel(build(0, 20, SIZE - 1), workers)
        assert_same_stream(flow, seeded_flow(build))

    def test_a_whole_flow_goes_on_where_it_stood(self, parallel: Parallel, tmp_path: Path) -> None:
        expected = seeded_flow(lambda: _lives(tmp_path))
        flow = parallel(_lives(tmp_path, 0, 1, 7, 58), 1)
        for _ in range(2):
            assert_same_stream(flow, expected)

    def test_a_death_is_noticed_at_once(self, parallel: Parallel, tmp_path: Path) -> None:
        flow = parallel(numbers(8).map(once(tmp_path, WAYS["SIGKILL"], 4)), 1)
        noticed: list[float] = []

        def watch() -> None:
            if wait_until(lambda: flow.stats()["workers_lost"] == 1, 60.0):
                noticed.append(time.time())

        watching = threading.Thread(target=watch)
        watching.start()
        assert len(list(flow)) == 8
        watching.join()
        # How long the next worker takes to start is another matter.
        assert noticed[0] - (tmp_path / "4").stat().st_mtime < NOTICED_SECONDS

    def test_a_worker_that_hangs_is_killed_after_its_time(
        self, parallel: Parallel, tmp_path: Path
    ) -> None:
        flow = parallel(numbers().map(_hanging(tmp_path / "hung")), timeout_s=1.0)
        assert list(flow) == [[2 * number] for number in range(SIZE)]
        assert flow.stats()["workers_lost"] == 1

    def test_a_worker_that_hangs_is_killed_although_others_go_on(
        self, parallel: Parallel, tmp_path: Path
    ) -> None:
        made = numbers(400).map(_hanging(tmp_path / "hung", 0.02)).batch(1)
        flow = parallel(made, timeout_s=0.5, ordered=False)
        order = [int(batch[0][0]) // 2 for batch in flow]
        assert sorted(order) == list(range(400))
        # Not when all others were through.
        assert order.index(7) < 300

    def test_a_worker_that_always_hangs_is_poison(self, parallel: Parallel) -> None:
        made = numbers(10).map(_at(3, lambda: time.sleep(600)))
        with pytest.raises(WorkerDiedError, match="timeout_s"):
            list(parallel(made, timeout_s=0.3))
        flow = parallel(made, timeout_s=0.3, on_error="skip")
        assert [dp[0] for dp in flow] == [0, 1, 2, 4, 5, 6, 7, 8, 9]

    def test_a_datapoint_that_kills_is_named_in_every_epoch(self, parallel: Parallel) -> None:
        flow = parallel(numbers(10).map(_at(2, WAYS["segfault"])))
        for _ in range(2):
            with pytest.raises(WorkerDiedError, match="SIGSEGV") as raised:
                list(flow)
            assert [*raised.value.positions] == [2]

    @pytest.mark.parametrize("culprit", [2, 9])
    def test_what_came_before_a_poison_is_delivered_and_two_workers_die_of_it(
        self, parallel: Parallel, culprit: int, tmp_path: Path
    ) -> None:
        record = str(tmp_path / "record")

        def end() -> None:
            with Path(record).open("a") as file:
                file.write("x")
            os._exit(1)

        made = numbers().map(_at(culprit, end)).batch(3, remainder=True)
        flow = parallel(made, max_in_flight=4)
        seen: list[int] = []
        with pytest.raises(WorkerDiedError, match="exited with status 1") as raised:
            for (batch,) in flow:
                seen += batch.tolist()
        assert raised.value.positions == (culprit,)
        assert seen == list(range(culprit // 3 * 3))
        assert 2 <= len(Path(record).read_text()) <= 3

    @pytest.mark.parametrize("batched", [False, True])
    def test_datapoints_that_kill_are_skipped_where_that_is_wanted(
        self, parallel: Parallel, batched: bool
    ) -> None:
        kill = WAYS["SIGKILL"]
        made = numbers(20).map(_at(2, kill)).map(_at(9, kill))
        left: Any = numbers(20).filter(lambda dp: dp[0] not in (2, 9))
        if batched:
            made, left = made.batch(3), left.batch(3)
        flow = parallel(made, on_error="skip")
        assert_same_stream(flow, left)
        stats = flow.stats()
        assert stats["skipped"] == 2
        assert stats["datapoints_in"] == 20
        assert stats["datapoints_out"] == 18

    def test_workers_that_cannot_start_are_not_started_for_ever(self, parallel: Parallel) -> None:
        stowaway = _that_ends("exits")
        flow = parallel(numbers().map(lambda dp: [dp, stowaway]))
        with pytest.raises(WorkerDiedError, match="status 9 while it was starting"):
            list(flow)

    def test_a_part_that_cannot_be_unpickled_there_raises_every_time(
        self, parallel: Parallel
    ) -> None:
        stowaway = _that_ends("raises")
        flow = parallel(numbers().map(lambda dp: [stowaway]))
        for _ in range(2):
            with pytest.raises(WorkerError, match="cannot run its part") as raised:
                list(flow)
            assert "ZeroDivisionError" in raised.value.traceback_text

    def test_a_source_that_cannot_open_in_a_worker_raises_what_it_raised(
        self, parallel: Parallel
    ) -> None:
        flow = parallel(_opens_only_here())
        for _ in range(2):
            with pytest.raises(FileNotFoundError, match="over here"):
                list(flow)

    def test_a_part_that_cannot_be_pickled_names_stage_and_attribute(
        self, parallel: Parallel
    ) -> None:
        lock = threading.Lock()
        flow = parallel(numbers().map(lambda dp: [lock, *dp]))
        with pytest.raises(NotPicklableError, match=r"MapData.*'func'") as raised:
            list(flow)
        assert (raised.value.stage, raised.value.attribute) == ("MapData", "func")

    def test_a_flow_goes_on_after_a_failure_of_its_workers(
        self, parallel: Parallel, tmp_path: Path
    ) -> None:
        mark = tmp_path / "mark"
        path = str(mark)

        def die(dp: Any) -> Any:
            if dp[0] == 0 and Path(path).exists():
                os._exit(1)
            return dp

        mark.touch()
        flow = parallel(numbers().map(die))
        with pytest.raises(WorkerDiedError):
            list(flow)
        mark.unlink()
        assert list(flow) == [[number] for number in range(SIZE)]


def _opens_only_here() -> DataFlow:
    from dataflow_core.flow import IndexedDataFlow

    class OpensOnlyHere(IndexedDataFlow):
        def __init__(self) -> None:
            super().__init__()
            self.process = os.getpid()

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int, /) -> Any:
            return [index]

        def reset_state(self, seed: Any = None) -> None:
            super().reset_state(seed)
            if os.getpid() != self.process:
                raise FileNotFoundError("no such file over here")

    return OpensOnlyHere()
