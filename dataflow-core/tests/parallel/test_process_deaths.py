"""Workers die in every way there is, and the stream does not change.

`DATAFLOW_EXAMPLES` raises how often they are killed at random moments.
"""

from __future__ import annotations

import ctypes
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow_core as df
from dataflow_core.testing import assert_same_stream, seeded_flow

SIZE = 60
ROUNDS = max(1, int(os.environ.get("DATAFLOW_EXAMPLES", "100")) // 100)

#: Within so many seconds a death is noticed; what is on top is a loaded machine's.
NOTICED_SECONDS = 1.0 + 4.0


def numbers(size: int = SIZE) -> df.DataFlow:
    return df.DataFromList([[number] for number in range(size)], shuffle=False)


def in_processes(flow: df.DataFlow, workers: int = 2, **options: Any) -> df.ParallelData:
    made = df.ParallelData(flow, workers, "process", **options)
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


def by_closing_all_descriptors() -> None:
    os.closerange(3, 200)


WAYS = {
    "SIGKILL": by_sigkill,
    "os._exit": by_exit,
    "segfault": by_segfault,
    "no descriptors": by_closing_all_descriptors,
}


def image(number: int) -> Any:
    """Large enough to travel in a slot."""
    return np.full((300, 300), number, np.uint8)


def dying_once(way: Callable[[], None], marks: Path, *culprits: int) -> Callable[[Any], Any]:
    """Return a map function that ends its process the first time it meets a culprit."""
    directory = str(marks)

    def die(dp: Any) -> Any:
        if dp[0] in culprits:
            mark = Path(directory, str(dp[0]))
            if not mark.exists():
                mark.touch()
                way()
        return [*dp, int(df.rng().integers(1000)), image(dp[0])]

    return die


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_worker_that_dies_once_changes_nothing(way: Callable[[], None], tmp_path: Path) -> None:
    def build(*culprits: int) -> df.DataFlow:
        return numbers().map(dying_once(way, tmp_path, *culprits)).batch(2)

    expected = seeded_flow(build, 1)
    with in_processes(build(0, 51)) as flow:
        for _ in range(2):
            assert_same_stream(flow, expected)
        stats = flow.stats()
    assert len(list(tmp_path.iterdir())) == 2
    assert 1 <= stats["workers_lost"] <= 2
    assert stats["datapoints_in"] == stats["datapoints_out"] == 2 * SIZE


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_workers_killed_at_random_moments_lose_nothing(round_number: int) -> None:
    def who(dp: Any) -> Any:
        return [*dp, os.getpid(), image(dp[0] % 256)]

    chance = random.Random(4 + round_number)
    flow = in_processes(numbers(200).map(who).batch(5), 2)
    killed: set[int] = set()
    seen: list[int] = []
    kept: list[Any] = []
    with flow:
        for batch, workers, images in flow:
            seen += batch.tolist()
            kept = [*kept[-6:], (batch, images)]
            victim = int(workers[0])
            if chance.random() < 0.1 and victim not in killed:
                killed.add(victim)
                try:
                    os.kill(victim, chance.choice([signal.SIGKILL, signal.SIGTERM]))
                except ProcessLookupError:
                    continue  # Its batch was on the way when it was killed as the other's.
            for labels, same in kept:
                assert (same == (labels % 256)[:, None, None]).all()
    assert seen == list(range(200))
    assert killed


def test_a_death_is_noticed_at_once(tmp_path: Path) -> None:
    def who(dp: Any) -> Any:
        if dp[0] == 4 and not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [*dp, time.monotonic()]

    mark = str(tmp_path / "mark")
    with in_processes(numbers(8).map(who), 1, max_in_flight=1) as flow:
        times = [dp[1] for dp in flow]
    assert times[4] - times[3] < NOTICED_SECONDS


def test_a_worker_that_hangs_is_killed_after_its_time(tmp_path: Path) -> None:
    mark = str(tmp_path / "hung")

    def hang(dp: Any) -> Any:
        if dp[0] == 7 and not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        return [dp[0] * 2]

    with in_processes(numbers().map(hang), 2, timeout_s=1.0) as flow:
        began = time.monotonic()
        assert list(flow) == [[2 * number] for number in range(SIZE)]
        assert time.monotonic() - began < 1.0 + 2 * NOTICED_SECONDS
        assert flow.stats()["workers_lost"] == 1


def test_a_worker_that_hangs_is_killed_although_others_go_on(tmp_path: Path) -> None:
    mark = str(tmp_path / "hung")

    def hang(dp: Any) -> Any:
        if dp[0] == 7 and not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.02)
        return [dp[0]]

    with in_processes(numbers(400).map(hang).batch(1), 2, timeout_s=0.5, ordered=False) as flow:
        order = [int(batch[0][0]) for batch in flow]
    assert sorted(order) == list(range(400))
    # Not when all others were through.
    assert order.index(7) < 300


def test_a_worker_that_always_hangs_is_poison() -> None:
    def hang(dp: Any) -> Any:
        if dp[0] == 3:
            time.sleep(600)
        return dp

    flow = in_processes(numbers(10).map(hang), 2, timeout_s=0.3)
    with flow, pytest.raises(df.WorkerDiedError, match="timeout_s"):
        list(flow)
    with in_processes(numbers(10).map(hang), 2, timeout_s=0.3, on_error="skip") as flow:
        assert [dp[0] for dp in flow] == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def limit_memory(megabytes: int) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def test_where_memory_is_limited_too_much_is_an_exception_as_any_other() -> None:
    def hungry(dp: Any) -> Any:
        if dp[0] == 0:
            limit_memory(200)
        return [dp[0], np.zeros(1 << 30 if dp[0] == 5 else 1 << 17, np.uint8)]

    with in_processes(numbers(10).map(hungry), 1) as flow:
        seen = []
        with pytest.raises(MemoryError):
            for dp in flow:
                seen.append(dp[0])
        assert seen == [0, 1, 2, 3, 4]


def test_a_worker_without_memory_for_slots_copies_its_results_out() -> None:
    def hungry(dp: Any) -> Any:
        if dp[0] == 0:
            limit_memory(150)
        return [dp[0], np.full(12 << 20, dp[0], np.uint8)]

    kept = []
    with in_processes(numbers(30).map(hungry).batch(1), 1) as flow:
        for batch in flow:
            kept.append(batch)
        assert flow.stats()["copied_out"] > 0
    for number, (labels, array) in enumerate(kept):
        assert labels.tolist() == [number]
        assert (array == number).all()


def test_a_datapoint_that_kills_is_named_in_every_epoch() -> None:
    def poison(dp: Any) -> Any:
        if dp[0] == 2:
            by_segfault()
        return dp

    with in_processes(numbers(10).map(poison)) as flow:
        for _ in range(2):
            with pytest.raises(df.WorkerDiedError, match="SIGSEGV") as raised:
                list(flow)
            assert [*raised.value.positions] == [2]


@pytest.mark.parametrize("batched", [False, True])
def test_datapoints_that_kill_are_skipped_where_that_is_wanted(batched: bool) -> None:
    def poison(dp: Any) -> Any:
        if dp[0] in (2, 9):
            by_sigkill()
        return dp

    flow = numbers(20).map(poison)
    expected: Any = [[number] for number in range(20) if number not in (2, 9)]
    if batched:
        flow = flow.batch(3)
        expected = [[[*range(2), 3]], [[4, 5, 6]], [[7, 8, 10]], [[11, 12, 13]]]
        expected += [[[14, 15, 16]], [[17, 18, 19]]]
    with in_processes(flow, on_error="skip") as parallel:
        seen = [[batch[0].tolist()] if batched else batch for batch in parallel]
        assert seen == expected
        stats = parallel.stats()
    assert stats["skipped"] == 2
    assert stats["datapoints_in"] == 20
    assert stats["datapoints_out"] == 18


class EndsWhoTakesIt:
    def __reduce__(self) -> Any:
        return os._exit, (9,)


def test_workers_that_cannot_start_are_not_started_for_ever() -> None:
    stowaway = EndsWhoTakesIt()
    flow = in_processes(numbers().map(lambda dp: [dp, stowaway]))
    with flow, pytest.raises(df.WorkerDiedError, match="status 9 while it was starting"):
        list(flow)


def test_a_flow_goes_on_after_a_failure_of_its_workers(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = str(mark)

    def die(dp: Any) -> Any:
        if dp[0] == 0 and Path(path).exists():
            os._exit(1)
        return dp

    mark.touch()
    with in_processes(numbers().map(die)) as flow:
        with pytest.raises(df.WorkerDiedError):
            list(flow)
        mark.unlink()
        assert list(flow) == [[number] for number in range(SIZE)]
