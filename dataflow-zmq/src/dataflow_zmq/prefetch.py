"""The names that pipelines with ZeroMQ workers know."""

from __future__ import annotations

from typing import ClassVar, SupportsIndex

from dataflow_core import DataFlow, MultiProcessMapAndBatchData, MultiProcessMapData, ParallelData


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


class MultiProcessMapDataZMQ(MultiProcessMapData):
    """MultiProcessMapData whose processes talk over ZeroMQ."""

    _backend_name: ClassVar[str] = "zmq"


class MultiProcessMapAndBatchDataZMQ(MultiProcessMapAndBatchData):
    """MultiProcessMapAndBatchData whose processes talk over ZeroMQ."""

    _backend_name: ClassVar[str] = "zmq"
