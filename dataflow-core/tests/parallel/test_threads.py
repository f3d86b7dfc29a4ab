"""Threads that are still busy when they are to end."""

from __future__ import annotations

import threading

import pytest

import dataflow_core as df
from dataflow_core.parallel import threads
from dataflow_core.testing.program import PATIENCE_SECONDS


def test_closing_waits_for_all_of_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "CLOSE_SECONDS", 0.25)
    waited: list[float] = []
    join = threading.Thread.join

    def noted(self: threading.Thread, timeout: float | None = None) -> None:
        assert timeout is not None
        waited.append(timeout)
        join(self, timeout)

    at_it, go_on = threading.Semaphore(0), threading.Event()

    def stuck(dp: list[int]) -> list[int]:
        if dp[0]:
            at_it.release()
            go_on.wait()
        return dp

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(stuck).parallel(3, "thread")
    reading = iter(flow)  # kept: a reading that is dropped takes back the tasks nobody has begun
    assert next(reading) == [0]
    for _ in range(3):
        assert at_it.acquire(timeout=PATIENCE_SECONDS)
    monkeypatch.setattr(threading.Thread, "join", noted)
    try:
        with pytest.warns(ResourceWarning, match=r"thread-0, \S+thread-1, \S+thread-2") as warned:
            flow.close()
    finally:
        go_on.set()
    assert len(warned) == 1
    assert len(waited) == 3
    assert waited[0] <= 0.25
    # The first one took the time there was.
    assert waited[1:] == [0.0, 0.0]
