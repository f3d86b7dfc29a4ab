"""OpenCV's threads are limited in worker processes, and left alone elsewhere."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import pytest

from dataflow_core import DataFromList, hooks


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("OPENCV_FOR_THREADS_NUM", "0")
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield cv2.getNumThreads()
    cv2.setNumThreads(before)


def test_a_worker_process_gets_one_thread(threads: int) -> None:
    hooks.worker_started("zmq", 0)
    assert cv2.getNumThreads() <= 1 < threads


def test_so_does_one_that_loads_opencv_later() -> None:
    def count(dp: Any) -> Any:
        assert "cv2" not in sys.modules
        return [importlib.import_module("cv2").getNumThreads()]

    count.__module__ = "__main__"  # by value, so that the worker need not import this module
    with DataFromList([[1]]).map(count).parallel(1, backend="process") as flow:
        assert list(flow) == [[1]]


def test_a_pipeline_without_images_does_not_load_opencv() -> None:
    program = (
        "import sys, dataflow_core; list(dataflow_core.DataFromList([[1]])); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "dataflow_image.hooks" in loaded
    assert "cv2" not in loaded


@pytest.mark.parametrize("backend", ["inline", "thread"])
def test_the_users_own_process_is_left_alone(threads: int, backend: str) -> None:
    flow = DataFromList([[1], [2]]).map(lambda dp: dp)
    with flow.parallel(2, backend=backend) as parallel:
        list(parallel)
    assert cv2.getNumThreads() == threads
