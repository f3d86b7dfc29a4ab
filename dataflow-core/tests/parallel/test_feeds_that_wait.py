"""Feeds that make the loop wait, and loops that the feed waits for."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.parallel import Draws, Task, WorkersPart, make_worker
from dataflow_core.parallel.task import TARGET_SECONDS

BACKENDS = ["inline", "thread", "process"]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_queue_holds_is_delivered_before_more_is_waited_for(
    backend: str, ordered: bool
) -> None:
    filled: queue.Queue[list[int]] = queue.Queue()
    for number in range(500):
        filled.put([number])
    flow = df.DataFromQueue(filled).map(lambda dp: dp)
    with flow.parallel(2, backend=backend, ordered=ordered) as parallel:
        assert sorted(islice(parallel, 500)) == [[number] for number in range(500)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_answers_may_make_new_requests(backend: str) -> None:
    requests: queue.Queue[list[int]] = queue.Queue()
    requests.put([0])
    requests.put([1])
    flow = df.DataFromQueue(requests).map(lambda dp: [dp[0] * 10])
    seen = []
    with flow.parallel(2, backend=backend) as parallel:
        for answer in islice(parallel, 200):
            seen.append(answer)
            requests.put([len(seen) + 1])
    assert seen == [[number * 10] for number in range(200)]


def test_a_whole_flow_hands_out_what_it_has_when_a_tasks_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("dataflow_core.parallel.worker.time.perf_counter", lambda: clock[0])

    def slow() -> Iterator[list[int]]:
        for number in range(10):
            clock[0] += TARGET_SECONDS * 0.4
            yield [number]

    flow = df.DataFromGenerator(slow)
    worker = make_worker(WorkersPart(stream=flow), in_process=False)
    results = [
        worker.run(Task(number, Draws(0, 0, (0,)), count=100, opens=number == 0))
        for number in range(5)
    ]
    sizes = [len(result.outputs) for result in results]
    assert sizes == [3, 3, 3, 1, 0]
    assert [result.finished for result in results] == [False] * 3 + [True] * 2
    assert [dp for result in results for dp in result.outputs] == [[n] for n in range(10)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batched", [False, True])
def test_a_flow_within_a_flow_is_closed_with_an_epoch_that_failed(
    backend: str, batched: bool
) -> None:
    """Also while somebody keeps the exception, and so all that its traceback refers to."""

    class Written(df.ProxyDataFlow):
        def get_data(self) -> Any:
            yield from self.ds

    written = Written(df.DataFromList([[number] for number in range(100_000)], shuffle=False))

    def failing(dp: list[int]) -> list[int]:
        if dp[0] == 4 and not batched:
            raise LookupError("not this one")
        return [*dp, 0] if dp[0] == 4 else dp

    flow: df.DataFlow = written.parallel(1, backend="thread").map(failing)
    if batched:
        flow = flow.batch(3)
    kept = []
    with flow.parallel(2, backend=backend) as parallel:
        for _ in range(2):
            try:
                list(parallel)
            except (LookupError, df.BatchError) as error:
                kept.append(error)
    assert len(kept) == 2
