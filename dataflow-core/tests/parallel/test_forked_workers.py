"""Workers that are forks, on request."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

from dataflow_core import DataFromList, WorkerDiedError
from dataflow_core.parallel import ParallelData
from dataflow_core.parallel.processes.backend import ProcessBackend

pytestmark = pytest.mark.filterwarnings("ignore:forking while threads:RuntimeWarning")


def forked(func: Any, size: int = 60, **options: Any) -> ParallelData:
    flow = DataFromList([[number] for number in range(size)], shuffle=False).map(func)
    return ParallelData(flow, 2, ProcessBackend(start_method="fork"), **options)


def test_forks_give_the_sequential_stream_epoch_after_epoch() -> None:
    large = [np.full(50_000, number) for number in range(60)]
    with forked(lambda dp: [dp[0], large[dp[0]]]) as flow:
        for _ in range(2):
            seen = list(flow)
            assert [number for number, _ in seen] == list(range(60))
            assert all((array == number).all() for number, array in seen)


def test_forks_are_processes_of_their_own_and_end_with_the_flow() -> None:
    with forked(lambda dp: [os.getpid()]) as flow:
        workers = {pid for (pid,) in flow}
    assert os.getpid() not in workers
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_a_fork_that_dies_is_replaced_and_its_datapoint_named() -> None:
    def die(dp: Any) -> Any:
        if dp[0] == 37:
            os._exit(3)
        return dp

    with forked(die) as flow, pytest.raises(WorkerDiedError, match="position 37"):
        list(flow)
    with forked(die, on_error="skip") as flow:
        assert [number for (number,) in flow] == [n for n in range(60) if n != 37]


@pytest.mark.filterwarnings("default:forking while threads:RuntimeWarning")
def test_forking_beside_a_thread_is_warned_of() -> None:
    let_go = threading.Event()
    thread = threading.Thread(target=let_go.wait, name="bystander")
    thread.start()
    try:
        with pytest.warns(RuntimeWarning, match="bystander"), forked(lambda dp: dp) as flow:
            list(flow)
    finally:
        let_go.set()
        thread.join()


def test_another_start_method_is_refused() -> None:
    with pytest.raises(ValueError, match='"fresh" or "fork"'):
        ProcessBackend(start_method="spawn")  # type: ignore[arg-type]
