"""OpenCV's threads are limited in worker processes, and left alone elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest

from dataflow_core import DataFromList, hooks


@pytest.fixture
def threads() -> Iterator[int]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield cv2.getNumThreads()
    cv2.setNumThreads(before)


def test_a_worker_process_gets_one_thread(threads: int) -> None:
    hooks.worker_started("zmq", 0)
    assert cv2.getNumThreads() <= 1 < threads


@pytest.mark.parametrize("backend", ["inline", "thread"])
def test_the_users_own_process_is_left_alone(threads: int, backend: str) -> None:
    flow = DataFromList([[1], [2]]).map(lambda dp: dp)
    with flow.parallel(2, backend=backend) as parallel:
        list(parallel)
    assert cv2.getNumThreads() == threads
