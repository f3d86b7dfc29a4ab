"""The names that pipelines with ZeroMQ workers know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsIndex

from dataflow_core import BatchData, DataFlow, Datapoint, MapData, ParallelData


class PrefetchDataZMQ(ParallelData):
    """Run the workers' part of `ds` in `num_proc` processes that talk over ZeroMQ.

    Order: as `ds`. Duplicates: none. Loss: none, also when a worker dies.
    Crosses processes: the workers' part once per worker (cloudpickle), datapoints as codec frames.

    Args:
        ds: the flow.
        num_proc: how many processes.
        hwm: how many datapoints (batches, if `ds` ends with one) may be under way at most.

    Raises:
        WorkerDiedError: while iterating, with positions, if one task kills two workers.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2], [3]], shuffle=False).map(lambda dp: [dp[0] * 10])
        >>> with PrefetchDataZMQ(flow, num_proc=2) as parallel:
        ...     list(parallel)
        [[10], [20], [30]]
    """

    def __init__(self, ds: DataFlow, num_proc: SupportsIndex = 1, hwm: SupportsIndex = 50) -> None:
        super().__init__(ds, num_proc, "zmq", max_in_flight=hwm)


class MultiProcessRunnerZMQ(PrefetchDataZMQ):
    """The same as PrefetchDataZMQ, under its other name."""


class MultiProcessMapDataZMQ(ParallelData):
    """Run `map_func` on every datapoint of `ds` in `num_proc` processes.

    Order, duplicates, loss: as MapData; None drops.

    Args:
        ds: the flow.
        num_proc: how many processes; None: as many as usable CPUs.
        map_func: datapoint → datapoint or None.
        buffer_size: how many datapoints may be under way at most.
        strict: accepted; both ways are exact here.
    """

    def __init__(
        self,
        ds: DataFlow,
        num_proc: SupportsIndex | None = None,
        map_func: Callable[[Any], Datapoint | None] | None = None,
        *,
        buffer_size: SupportsIndex = 200,
        strict: bool = False,
    ) -> None:
        del strict
        if map_func is None:
            raise TypeError("MultiProcessMapDataZMQ needs a map_func")
        super().__init__(MapData(ds, map_func), num_proc, "zmq", max_in_flight=buffer_size)


class MultiProcessMapAndBatchDataZMQ(ParallelData):
    """Run `map_func` on every datapoint of `ds` and batch the results, in `num_proc` processes.

    Order, duplicates, loss: as BatchData over MapData.

    Args:
        ds: the flow.
        num_proc: how many processes.
        map_func: datapoint → datapoint or None, which drops.
        batch_size: datapoints per batch.
        buffer_size: how many datapoints may be under way at most; None: as the workers need.
    """

    def __init__(
        self,
        ds: DataFlow,
        num_proc: SupportsIndex,
        map_func: Callable[[Any], Datapoint | None],
        batch_size: SupportsIndex,
        buffer_size: SupportsIndex | None = None,
    ) -> None:
        batches = BatchData(MapData(ds, map_func), batch_size)
        in_flight = None
        if buffer_size is not None:
            in_flight = max(1, buffer_size.__index__() // batches.batch_size)
        super().__init__(batches, num_proc, "zmq", max_in_flight=in_flight)
