"""Maps, and maps with batches, in workers: shorter names for ParallelData over MapData."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, SupportsIndex

from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.operators.batch import BatchData
from dataflow_core.operators.map import MapData
from dataflow_core.parallel.data import ParallelData

MapFunc = Callable[[Any], "Datapoint | None"]


class MultiThreadMapData(ParallelData):
    """Run `map_func` on every datapoint of `ds` in `num_thread` threads.

    Order, duplicates, loss: as MapData; None drops.

    Args:
        ds: the flow.
        num_thread: how many threads; None: as many as usable CPUs.
        map_func: datapoint → datapoint or None.
        buffer_size: how many datapoints may be under way at most.
        strict: accepted; both ways are exact here.

    Raises:
        TypeError: if `map_func` is missing or cannot be called.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2]], shuffle=False)
        >>> with MultiThreadMapData(flow, 2, lambda dp: [dp[0] * 10]) as mapped:
        ...     list(mapped)
        [[10], [20]]
    """

    def __init__(
        self,
        ds: DataFlow,
        num_thread: SupportsIndex | None = None,
        map_func: MapFunc | None = None,
        *,
        buffer_size: SupportsIndex = 200,
        strict: bool = False,
    ) -> None:
        del strict
        mapped = _mapped(ds, map_func, type(self).__name__)
        super().__init__(mapped, num_thread, "thread", max_in_flight=buffer_size)


class MultiProcessMapData(ParallelData):
    """Run `map_func` on every datapoint of `ds` in `num_proc` processes.

    Order, duplicates, loss: as MapData; None drops.

    Args:
        ds: the flow.
        num_proc: how many processes; None: as many as usable CPUs.
        map_func: datapoint → datapoint or None.
        buffer_size: how many datapoints may be under way at most.
        strict: accepted; both ways are exact here.

    Raises:
        TypeError: if `map_func` is missing or cannot be called.
    """

    _backend_name: ClassVar[str] = "process"

    def __init__(
        self,
        ds: DataFlow,
        num_proc: SupportsIndex | None = None,
        map_func: MapFunc | None = None,
        *,
        buffer_size: SupportsIndex = 200,
        strict: bool = False,
    ) -> None:
        del strict
        mapped = _mapped(ds, map_func, type(self).__name__)
        super().__init__(mapped, num_proc, self._backend_name, max_in_flight=buffer_size)


class MultiProcessMapAndBatchData(ParallelData):
    """Run `map_func` on every datapoint of `ds` and batch the results, in `num_proc` processes.

    Order, duplicates, loss: as BatchData over MapData.

    Args:
        ds: the flow.
        num_proc: how many processes.
        map_func: datapoint → datapoint or None, which drops.
        batch_size: datapoints per batch.
        buffer_size: how many datapoints may be under way at most; None: as the workers need.

    Raises:
        TypeError: if `map_func` cannot be called.
        ValueError: if `batch_size` or `buffer_size` is below 1.
    """

    _backend_name: ClassVar[str] = "process"

    def __init__(
        self,
        ds: DataFlow,
        num_proc: SupportsIndex,
        map_func: MapFunc,
        batch_size: SupportsIndex,
        buffer_size: SupportsIndex | None = None,
    ) -> None:
        batches = BatchData(_mapped(ds, map_func, type(self).__name__), batch_size)
        in_flight: int | None = None
        if buffer_size is not None:
            datapoints = checked_count(buffer_size, "buffer_size", type(self).__name__)
            in_flight = max(1, datapoints // batches.batch_size)
        super().__init__(batches, num_proc, self._backend_name, max_in_flight=in_flight)


def _mapped(ds: DataFlow, map_func: MapFunc | None, stage: str) -> MapData:
    if map_func is None:
        raise TypeError(f"{stage} needs a map_func: datapoint → datapoint, or None to drop it")
    return MapData(ds, map_func)
