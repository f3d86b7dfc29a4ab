"""Workers live as long as their flow, and what they take does not grow.

`DATAFLOW_EXAMPLES` raises the number of epochs.
"""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow_core as df
from dataflow_core.parallel.processes.backend import ProcessBackend
from dataflow_core.testing import Remains, assert_same_stream, seeded_flow

EPOCHS = 2 * int(os.environ.get("DATAFLOW_EXAMPLES", "100"))
#: Until all that grows once has grown: slots, heaps, caches.
WARM = 40
#: An allocator's own ups and downs.
SLACK_BYTES = 3 << 20


def numbers(size: int) -> df.DataFlow:
    return df.DataFromList([[number] for number in range(size)], shuffle=False)


def image(dp: Any) -> Any:
    return [dp[0], np.full((200, 200), dp[0] % 256, np.uint8)]


def own_bytes(processes: set[int]) -> int:
    """Return the memory of some processes, what they share counted once, libraries not at all.

    How much of a library's pages is whose changes with every other program that comes and goes.
    """
    total = 0
    for process in processes:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        for line in text.splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1]) << 10
    return total


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists()
    or "Pss_Anon:" not in Path("/proc/self/smaps_rollup").read_text(),
    reason="this system does not tell",
)


@needs_proc
def test_hundreds_of_epochs_take_no_more_than_some() -> None:
    def who(dp: Any) -> Any:
        return [*image(dp), os.getpid()]

    with numbers(24).map(who).batch(4).parallel(2, "process") as flow:
        flow.reset_state(1)
        workers: set[int] = set()

        def run_an_epoch() -> None:
            seen: list[int] = []
            for labels, images, who_made in flow:
                workers.update(who_made.tolist())
                seen += labels.tolist()
                assert (images[:, 0, 0] == labels).all()
            assert seen == list(range(24))

        warm = 0
        # On a loaded machine the second worker may come late.
        while warm < WARM or len(workers) < 2:
            run_an_epoch()
            warm = warm + 1 if len(workers) == 2 else 0
        gc.collect()
        processes = {*workers, os.getpid()}
        memory, descriptors = own_bytes(processes), Remains.now().descriptors
        for _ in range(EPOCHS):
            run_an_epoch()
        gc.collect()
        assert len(workers) == 2
        assert Remains.now().descriptors == descriptors
        assert own_bytes(processes) - memory < SLACK_BYTES
        assert flow.stats()["copied_out"] == 0


def test_a_consumer_that_keeps_all_its_batches_sees_them_unchanged() -> None:
    before = Remains.now().descriptors
    with numbers(400).map(image).batch(2).parallel(2, "process") as flow:
        kept = list(flow)
        # Or a program that keeps a thousand would have none left for its files.
        assert Remains.now().descriptors - before < 40
    for number, (labels, images) in enumerate(kept):
        assert labels.tolist() == [2 * number, 2 * number + 1]
        assert (images == labels.astype(np.uint8)[:, None, None]).all()


@pytest.mark.parametrize("limit", [0, 1_000_000])
def test_past_the_limit_results_are_copied_out_and_counted(limit: int) -> None:
    backend = ProcessBackend(limit_bytes=limit)
    # One batch a task, so that each is counted.
    with numbers(60).map(image).batch(4).parallel(2, backend, max_in_flight=4) as flow:
        kept = list(flow)
        first = flow.stats()["copied_out"]
        assert (first == 15) if limit == 0 else (5 <= first < 15)
        for number, (labels, images) in enumerate(kept):
            assert labels.tolist() == [*range(4 * number, 4 * number + 4)]
            assert (images == labels.astype(np.uint8)[:, None, None]).all()
        if limit:
            kept.clear()
            del labels, images
            for batch in flow:
                assert batch[1].shape == (4, 200, 200)
            # How many of 15 finds no room when one worker happens to be much ahead is chance.
            assert flow.stats()["copied_out"] - first < 10


class Before:
    """Keeps the batch at hand for the next one."""

    def __init__(self) -> None:
        self.kept: Any = None

    def __call__(self, dp: Any) -> Any:
        before, self.kept = self.kept, dp[1]
        return [dp[0], dp[1], -1 if before is None else int(before[0, 0, 0])]


def images() -> df.DataFlow:
    return numbers(32).map(image).batch(4)


#: Flows that hold on to batches that they have handed out.
KEEPERS = {
    "shuffle": lambda: images().shuffle(5),
    "cache": lambda: images().cache().repeat(2),
    "the same again": lambda: images().repeat_each(3),
    "a map": lambda: images().map(Before()),
}


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS.keys())
def test_a_batch_that_a_stage_keeps_is_not_overwritten(make: Any) -> None:
    expected = list(seeded_flow(make))
    with make().parallel(1, "process") as flow:
        flow.load_state_dict(seeded_flow(make).state_dict())
        assert_same_stream(flow, expected)


def test_views_outlive_flow_and_workers() -> None:
    with numbers(8).map(image).batch(4).parallel(2, "process") as flow:
        kept = [batch[1][1:3, 5] for batch in flow]
    del flow
    gc.collect()
    assert [array[:, 0].tolist() for array in kept] == [[1, 2], [5, 6]]


def test_a_fork_that_drops_its_copy_of_a_batch_frees_nothing_here() -> None:
    with numbers(40).map(image).batch(4).parallel(1, "process") as flow:
        reading = iter(flow)
        kept = next(reading)
        child = os.fork()
        if child == 0:
            del kept
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        rest = list(reading)
        assert (kept[1][:, 0, 0] == kept[0]).all()
        assert [batch[0][0] for batch in rest] == [*range(4, 40, 4)]


def test_a_fork_reads_what_its_parent_keeps_and_its_copy_is_its_own() -> None:
    with numbers(40).map(image).batch(4).parallel(1, "process") as flow:
        reading = iter(flow)
        kept = next(reading)
        go_on, waiting = os.pipe()
        copied, has_copied = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(waiting)
            fine = (kept[1][:, 0, 0] == kept[0]).all()
            copies = [array.copy() for array in kept]
            os.write(has_copied, b"1")
            os.read(go_on, 1)
            fine = fine and (copies[1][:, 7, 7] == [0, 1, 2, 3]).all()
            # What is written to the batch itself, the parent sees.
            kept[1][:, 9, 9] = 77
            os._exit(0 if fine else 1)
        os.close(go_on)
        os.close(has_copied)
        os.read(copied, 1)
        kept[1][:, 7, 7] = 99
        os.close(waiting)
        os.close(copied)
        assert os.waitpid(child, 0)[1] == 0
        assert (kept[1][:, 9, 9] == 77).all()


def test_inputs_that_find_no_room_in_slots_go_through_the_socket_bit_by_bit() -> None:
    def images() -> Any:
        return ([number, np.full(3 << 20, number, np.uint8)] for number in range(12))

    flow = df.DataFromGenerator(images).map(lambda dp: [dp[0], int(dp[1].sum())])
    sums: list[Any] = []
    with flow.parallel(2, ProcessBackend(limit_bytes=1)) as parallel:
        # In a thread: what the socket does not take at once must not be waited for forever.
        reading = threading.Thread(target=lambda: sums.extend(parallel), daemon=True)
        reading.start()
        reading.join(60)
        assert not reading.is_alive()
    assert sums == [[number, number * (3 << 20)] for number in range(12)]


def test_an_error_says_which_worker_raised_it() -> None:
    def odd(dp: Any) -> Any:
        raise ValueError(os.getpid())

    flow = numbers(4).map(odd).parallel(1, "process")
    with flow, pytest.raises(ValueError, match=r"\d+") as raised:
        list(flow)
    stage, worker = raised.value.__notes__
    assert "at the datapoint with position 0" in stage
    assert worker.startswith("in worker process 0:\nTraceback")
    assert "raise ValueError(os.getpid())" in worker
