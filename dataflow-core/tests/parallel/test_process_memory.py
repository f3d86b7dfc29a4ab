"""Worker processes that may not have the memory they want."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow_core as df
from dataflow_core.parallel.planning.chunk import TARGET_BYTES


def numbers(size: int) -> df.DataFlow:
    return df.DataFromList([[number] for number in range(size)], shuffle=False)


def in_a_process(flow: df.DataFlow, max_in_flight: int | None = None) -> df.ParallelData:
    made = df.ParallelData(flow, 1, "process", max_in_flight=max_in_flight)
    made.reset_state(1)
    return made


def limit_memory(megabytes: int) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def test_where_memory_is_limited_too_much_is_an_exception_as_any_other() -> None:
    def hungry(dp: Any) -> Any:
        if dp[0] == 0:
            limit_memory(200)
        return [dp[0], np.zeros(1 << 30 if dp[0] == 5 else 1 << 17, np.uint8)]

    with in_a_process(numbers(10).map(hungry)) as flow:
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
    # One batch at a time, or several of them would need the memory that is there for one.
    with in_a_process(numbers(30).map(hungry).batch(1), max_in_flight=3) as flow:
        for batch in flow:
            kept.append(batch)
        assert flow.stats()["copied_out"] > 0
    for number, (labels, array) in enumerate(kept):
        assert labels.tolist() == [number]
        assert (array == number).all()


LARGE = TARGET_BYTES // 4


def test_large_datapoints_that_take_no_time_do_not_fill_memory() -> None:
    made = np.ones(LARGE, np.uint8)
    with in_a_process(numbers(200).map(lambda dp: [dp[0], made[:]])) as flow:
        assert sum(array[0] for _, array in flow) == 200
        assert flow.stats()["tasks"] >= 200 / 4


def test_nor_do_large_ones_that_are_sent_to_be_worked_on() -> None:
    large = np.ones(LARGE, np.uint8)
    source = df.DataFromList([[number, large] for number in range(200)], shuffle=False)
    with in_a_process(source.map(lambda dp: [dp[0]])) as flow:
        assert [*flow] == [[number] for number in range(200)]
        assert flow.stats()["tasks"] >= 200 / 4
