"""Workers die in every way there is, and the stream does not change."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.testing import assert_same_stream, seeded_flow

SIZE = 60


def numbers() -> df.DataFlow:
    return df.DataFromList([[number] for number in range(SIZE)], shuffle=False)


def in_processes(flow: df.DataFlow, workers: int = 2) -> df.ParallelData:
    made = flow.parallel(workers, "zmq")
    made.reset_state(1)
    return made


def by_sigkill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def by_exit() -> None:
    os._exit(3)


def by_segfault() -> None:
    # Not faulthandler's: nothing is to be printed.
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    ctypes.string_at(0)


WAYS = {"SIGKILL": by_sigkill, "os._exit": by_exit, "segfault": by_segfault}


def dying_once(way: Callable[[], None], marks: Path, *culprits: int) -> Callable[[Any], Any]:
    """Return a map function that ends its process the first time it meets a culprit."""
    directory = str(marks)

    def die(dp: Any) -> Any:
        if dp[0] in culprits:
            mark = Path(directory, str(dp[0]))
            if not mark.exists():
                mark.touch()
                way()
        return [*dp, int(df.rng().integers(1000))]

    return die


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_worker_that_dies_once_changes_nothing(way: Callable[[], None], tmp_path: Path) -> None:
    expected = seeded_flow(lambda: numbers().map(dying_once(way, tmp_path)), 1)
    with in_processes(numbers().map(dying_once(way, tmp_path, 0, 5, 51))) as flow:
        assert_same_stream(flow, expected)
        assert_same_stream(flow, expected)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_stay_exact_when_workers_die(workers: int, tmp_path: Path) -> None:
    def build(*culprits: int) -> df.DataFlow:
        die = dying_once(by_exit, tmp_path, *culprits)
        return numbers().map(die).filter(lambda dp: dp[1] % 3 != 0).batch(4, remainder=True)

    expected = seeded_flow(build, 1)
    with in_processes(build(0, 20, SIZE - 1), workers) as flow:
        assert_same_stream(flow, expected)


class Lives(df.RNGDataFlow):
    """A whole flow that tells its process, and ends it at the given numbers, once each."""

    def __init__(self, marks: Path, *culprits: int) -> None:
        self.marks = str(marks)
        self.culprits = culprits

    def get_data(self) -> Iterator[Any]:
        for number in range(SIZE):
            if number in self.culprits:
                mark = Path(self.marks, str(number))
                if not mark.exists():
                    mark.touch()
                    os._exit(1)
            yield [number, int(self.rng.integers(1000))]


def test_a_whole_flow_goes_on_where_it_stood(tmp_path: Path) -> None:
    expected = seeded_flow(lambda: Lives(tmp_path), 1)
    with in_processes(Lives(tmp_path, 0, 1, 7, 58), 1) as flow:
        assert_same_stream(flow, expected)
        assert_same_stream(flow, expected)


def test_workers_killed_at_random_moments_lose_nothing() -> None:
    def who(dp: Any) -> Any:
        return [*dp, os.getpid()]

    chance = random.Random(4)
    rounds = 1000
    flow = in_processes(
        df.DataFromList([[i] for i in range(rounds)], shuffle=False).map(who).batch(5)
    )
    killed: set[int] = set()
    seen: list[int] = []
    with flow:
        for batch, workers in flow:
            seen += batch.tolist()
            victim = int(workers[0])
            if chance.random() < 0.02 and victim not in killed:
                killed.add(victim)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue  # Its batch was on the way when it was killed as the other's.
    assert seen == list(range(rounds))
    assert killed


def test_a_task_that_kills_every_worker_is_named_in_every_epoch() -> None:
    def poison(dp: Any) -> Any:
        if dp[0] == 2:
            by_segfault()
        return dp

    with in_processes(numbers().map(poison)) as flow:
        for _ in range(2):
            with pytest.raises(df.WorkerDiedError) as raised:
                list(flow)
            assert 2 in raised.value.positions


@pytest.mark.parametrize("culprit", [2, 9])
def test_what_came_before_a_poison_is_delivered_and_what_is_named_is_the_poison(
    culprit: int, tmp_path: Path
) -> None:
    record = str(tmp_path / "record")

    def poison(dp: Any) -> Any:
        if dp[0] == culprit:
            with open(record, "a") as file:
                file.write("x")
            os._exit(1)
        return dp

    flow = numbers().map(poison).batch(3, remainder=True).parallel(2, "zmq", max_in_flight=4)
    flow.reset_state(1)
    seen: list[int] = []
    with flow, pytest.raises(df.WorkerDiedError, match="exited with status 1") as raised:
        for (batch,) in flow:
            seen += batch.tolist()
    first = culprit // 3 * 3
    assert raised.value.positions == (culprit,)
    assert seen == list(range(len(seen)))
    assert len(seen) <= first
    assert 2 <= len(Path(record).read_text()) <= 3


class CannotArrive:
    def __reduce__(self) -> Any:
        return eval, ("1 / 0",)


def test_a_part_that_cannot_be_unpickled_there_raises_every_time() -> None:
    stowaway = CannotArrive()
    with in_processes(numbers().map(lambda dp: [stowaway])) as flow:
        for _ in range(2):
            with pytest.raises(df.WorkerError, match="ZeroDivisionError") as raised:
                list(flow)
            assert "cannot run its part" in str(raised.value)


def test_a_part_that_cannot_be_pickled_here_names_stage_and_attribute() -> None:
    lock = threading.Lock()
    with in_processes(numbers().map(lambda dp: lock and dp)) as flow:
        with pytest.raises(df.NotPicklableError, match=r"MapData.*'func'") as raised:
            list(flow)
        assert (raised.value.stage, raised.value.attribute) == ("MapData", "func")


class OpensOnlyHere(df.IndexedDataFlow):
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


def test_a_source_that_cannot_open_in_a_worker_raises_what_it_raised() -> None:
    with in_processes(OpensOnlyHere()) as flow:
        for _ in range(2):
            with pytest.raises(FileNotFoundError, match="over here"):
                list(flow)


def test_an_input_that_cannot_travel_is_named_and_the_flow_goes_on() -> None:
    def generate() -> Iterator[Any]:
        for number in range(10):
            yield [number if number != 7 else (i for i in range(3))]

    with in_processes(df.DataFromGenerator(generate).map(lambda dp: dp)) as flow:
        for _ in range(2):
            with pytest.raises(df.NotPicklableError, match="cannot be sent to a worker process"):
                list(flow)
