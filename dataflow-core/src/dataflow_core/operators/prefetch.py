"""The names under which pipelines know ParallelData on processes and threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

from dataflow_core.flow.checks import checked_callable
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.parallel.data import ParallelData


class PrefetchData(ParallelData):
    """Run the workers' part of `ds` in `num_proc` processes, up to `num_prefetch` ahead.

    Order: as `ds`. Duplicates: none. Loss: none, also when a worker dies.

    Args:
        ds: the flow.
        num_prefetch: datapoints (batches, if `ds` ends with one) that may be under way at most.
        num_proc: how many processes.
    """

    def __init__(self, ds: DataFlow, num_prefetch: SupportsIndex, num_proc: SupportsIndex) -> None:
        super().__init__(ds, num_proc, "process", max_in_flight=num_prefetch)


class MultiProcessRunner(PrefetchData):
    """The same as PrefetchData, under another of its names."""


class MultiProcessPrefetchData(PrefetchData):
    """The same as PrefetchData, under another of its names."""


class MultiThreadPrefetchData(ParallelData):
    """Run the workers' part of `get_df()` in `num_thread` threads.

    Order, duplicates, loss: as the flow that `get_df` returns.

    Args:
        get_df: called once, here; returns the flow.
        num_prefetch: datapoints (batches, if the flow ends with one) under way at most.
        num_thread: how many threads.

    Raises:
        TypeError: if `get_df` cannot be called, or returns no flow.
    """

    def __init__(
        self,
        get_df: Callable[[], DataFlow],
        num_prefetch: SupportsIndex,
        num_thread: SupportsIndex,
    ) -> None:
        checked_callable(get_df, "get_df", type(self).__name__)
        super().__init__(get_df(), num_thread, "thread", max_in_flight=num_prefetch)


class MultiThreadRunner(MultiThreadPrefetchData):
    """The same as MultiThreadPrefetchData, under its other name."""
