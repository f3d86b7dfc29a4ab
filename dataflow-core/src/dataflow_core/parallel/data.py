"""ParallelData: the same stream, made by several workers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.parallel.backend import Backend, Pool
from dataflow_core.parallel.groups_run import GroupsRun
from dataflow_core.parallel.items_run import ItemsRun
from dataflow_core.parallel.lease import Keeper
from dataflow_core.parallel.plan import plan, warn_of_idle_workers
from dataflow_core.parallel.stream_run import StreamRun
from dataflow_core.parallel.window import window

if TYPE_CHECKING:
    from dataflow_core.parallel.part import WorkersPart


class ParallelData(ProxyDataFlow):
    """Run the last one-by-one stages of `ds`, and the batching over them, in workers.

    What comes out is `ds`, element for element, for any backend and number of workers; a state
    of one loads into the other, and into `ds` itself. `explain()` shows which stages the workers
    run. Workers start with the first iteration and stay until `close()`.

    Order: as `ds`. Duplicates, loss: none, also when a worker dies.
    Crosses processes, on backends that have any: the workers' stages once per worker
    (cloudpickle, so lambdas work), then inputs and outputs; of an indexed source only indices.

    Args:
        ds: the flow.
        num_workers: None: as many as there are usable CPUs.
        backend: the name of one (`DataFlow.registry.backends`), or one.
        max_in_flight: datapoints (batches, if `ds` ends with one) that may be under way or wait
            for the consumer; None: as many as keep the workers busy.

    Raises:
        UnknownPluginError: if no backend has that name.
        ValueError: if `num_workers` or `max_in_flight` is below 1.
        NotPicklableError: while iterating, if a stage cannot be sent to a process.
        WorkerDiedError: while iterating, if one task kills two workers.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2], [3]], shuffle=False).map(lambda dp: [dp[0] * 10])
        >>> with ParallelData(flow, num_workers=2, backend="thread") as parallel:
        ...     list(parallel)
        [[10], [20], [30]]
    """

    _transparent: ClassVar[bool] = True

    def __init__(
        self,
        ds: DataFlow,
        num_workers: SupportsIndex | None = None,
        backend: str | Backend = "thread",
        *,
        max_in_flight: SupportsIndex | None = None,
    ) -> None:
        super().__init__(ds)
        label = type(self).__name__
        self.num_workers = (
            usable_cpus()
            if num_workers is None
            else checked_at_least_one(num_workers, "num_workers", label)
        )
        self.max_in_flight = (
            None
            if max_in_flight is None
            else checked_at_least_one(max_in_flight, "max_in_flight", label)
        )
        self.backend = resolved_backend(backend)
        # Whoever makes a flow is one frame away, or two if a subclass translates arguments.
        warn_of_idle_workers(
            plan(ds), self.num_workers, 1 + (type(self).__init__ is not ParallelData.__init__)
        )
        self._keeper: Keeper | None = None

    @property
    def _stateless(self) -> bool:
        return False

    def _chain(self) -> Chain:
        return Chain(source=self, base=self._open_shard, cheap=True)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        cut = plan(self.ds)
        part = cut.part
        if part is None:
            return self.ds._open(scope, place)
        if self._keeper is None:
            self._keeper = keeper_of(self.backend, part, self.num_workers)
        groups = part.grouping is not None
        bounds = window(self.num_workers, self.max_in_flight, groups=groups)
        if part.stream is not None:
            return StreamRun(cut, scope, place, self._keeper, bounds)
        if part.grouping is None:
            return ItemsRun(cut, scope, place, self._keeper, bounds)
        grouping = part.grouping._grouping()
        run = GroupsRun(cut, grouping, scope, place, self._keeper, bounds)
        return cut.over_groups(run, scope)

    def close(self) -> None:
        super().close()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_keeper": None}

    def _params(self) -> Mapping[str, object]:
        return {"num_workers": self.num_workers, "backend": self.backend.name}

    def _placement(self) -> Mapping[int, str]:
        return plan(self.ds).placement()


def keeper_of(backend: Backend, part: WorkersPart, num_workers: int) -> Keeper:
    """Return the keeper of a pool; a function of its own, so that it holds no flow."""
    workers = 1 if part.stream is not None else num_workers

    def start() -> Pool:
        return backend.start(part, workers)

    return Keeper(start)


def resolved_backend(backend: str | Backend) -> Backend:
    if isinstance(backend, str):
        made: Backend = DataFlow.registry.get(backend, "backends")()
        return made
    if isinstance(backend, type) or not isinstance(backend, Backend):
        raise TypeError(f"backend is a name or a backend made by you, not {backend!r}")
    return backend


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def checked_at_least_one(value: SupportsIndex, name: str, stage: str) -> int:
    """Return `value` as an int of at least 1, or raise."""
    try:
        number = value.__index__()
    except AttributeError:
        message = f"{name} of {stage} is an integer, not {type(value).__name__} ({value!r})"
        raise TypeError(message) from None
    if number < 1:
        raise ValueError(f"{name} of {stage} is at least 1, got {number}")
    return number
