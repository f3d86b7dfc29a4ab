"""ParallelData: the same stream, made by several workers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.gaps import WithoutRun, gaps_of
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, upstream_place
from dataflow_core.flow.shard import Shard, ShardedRun
from dataflow_core.parallel.backend import Backend, Pool
from dataflow_core.parallel.engine.lease import Keeper
from dataflow_core.parallel.engine.ledger import Counts
from dataflow_core.parallel.engine.overtaking import overtaking_limit
from dataflow_core.parallel.engine.window import Window
from dataflow_core.parallel.planning.plan import Plan, plan, warn_of_idle_workers
from dataflow_core.parallel.policy import OnError, checked_on_error
from dataflow_core.parallel.runs.consumer import ConsumerRun
from dataflow_core.parallel.runs.groups import GroupsRun
from dataflow_core.parallel.runs.items import ItemsRun
from dataflow_core.parallel.runs.stream import StreamRun
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.parallel.runs.unordered_groups import UnorderedGroupsRun

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
        ordered: False hands datapoints out as they come, each still once per epoch, with its own
            position and random numbers; a number, at most so many places early or late. Batches
            whose members a stage might drop always come in order, as does what one worker runs.
        on_error: what to do when a one-by-one stage fails on a datapoint: "raise", "skip" (leave
            it out, counted), a `Retry`, or a function of (error, stage, position) that answers
            "raise", "skip" or "retry". Asked where the stage runs, in a worker mostly. A batch
            that cannot be made, a source that fails while it is iterated, and stages above the
            workers' part always raise.
        max_errors: how many datapoints may be skipped in an epoch; a float is a fraction of those
            that went in so far. One more raises TooManyErrorsError.
        quarantine: a file that gets a line of JSON for each skipped datapoint: epoch, position,
            stage, error, traceback.
        timeout_s: seconds after which a worker process that is still at one task is killed, and
            the task given to another; for a start it is at least 30 s. None: never. Threads cannot
            be killed.

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
        ordered: bool | int = True,
        on_error: OnError = "raise",
        max_errors: float | None = None,
        quarantine: str | os.PathLike[str] | None = None,
        timeout_s: float | None = None,
    ) -> None:
        super().__init__(ds)
        label = type(self).__name__
        self.num_workers = (
            usable_cpus()
            if num_workers is None
            else checked_count(num_workers, "num_workers", label)
        )
        self.max_in_flight = (
            None if max_in_flight is None else checked_count(max_in_flight, "max_in_flight", label)
        )
        self.backend = resolved_backend(backend)
        self.ordered = _checked_ordered(ordered, label)
        self.on_error = checked_on_error(on_error, label)
        self.max_errors = _checked_bound(max_errors, "max_errors", label)
        self.quarantine = None if quarantine is None else Path(quarantine)
        self.timeout_s = _checked_bound(timeout_s, "timeout_s", label)
        if self.timeout_s == 0:
            raise ValueError(f"timeout_s of {label} is above 0, or None for no limit")
        self._counts = Counts()
        # Whoever makes a flow is one frame away, or two if a subclass translates arguments.
        warn_of_idle_workers(
            self._plan(), self.num_workers, 1 + (type(self).__init__ is not ParallelData.__init__)
        )
        self._keeper: Keeper | None = None
        #: What the keeper's workers run. What is planned anew may differ: plugins come and go.
        self._kept_plan: Plan | None = None

    @property
    def _stateless(self) -> bool:
        return False

    def _chain(self) -> Chain:
        # Positions are those of `ds`, of which it may hand out a shard.
        return Chain(source=self, base=self._open_shard, shard=self._shard, cheap=True)

    @property
    def _shard(self) -> Shard:
        return self.ds._chain().shard

    def _open_shard(self, scope: Scope, place: Place | None, shard: Shard) -> Run:
        if shard == self._shard:
            return self._open(scope, place)
        return ShardedRun(self._open(scope.in_order(), place), shard)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        cut = self._plan() if self._kept_plan is None else self._kept_plan
        part = cut.part
        if part is None:
            return self.ds._open(scope, place)
        if self._keeper is None:
            self._kept_plan = cut
            self._keeper = keeper_of(self.backend, part, self.num_workers)
        overtaking = overtaking_limit(self.ordered) if scope.any_order else 0
        terms = Terms(
            self._keeper,
            Window(self.num_workers, self.max_in_flight),
            self._counts,
            self.max_errors,
            self.quarantine,
            self.on_error,
            overtaking,
        )
        if part.stream is not None:
            return StreamRun(cut, scope, place, terms)
        if part.grouping is None:
            return ItemsRun(cut, scope, place, terms)
        gaps = gaps_of(place)
        if gaps is not None:
            # Taken where the steps after the grouping had a stage of workers to themselves.
            return WithoutRun(self._open(scope, upstream_place(place, "at")), gaps)
        grouping = part.grouping._grouping()
        out_of_order = overtaking and not part.may_drop
        if out_of_order:
            return UnorderedGroupsRun(cut, grouping, scope, place, terms)
        run = GroupsRun(cut, grouping, scope, place, terms)
        if cut.consumer and cut.group is not None:
            return ConsumerRun(run, cut.group, scope, self.on_error)
        return run

    def _plan(self) -> Plan:
        return plan(self.ds, self.on_error, self.timeout_s)

    def stats(self) -> dict[str, int]:
        """Return totals since the flow was made, by name; see `dataflow_core.parallel.Counts`.

        `datapoints_in == datapoints_out + dropped + skipped`, but for tasks that failed.
        """
        return asdict(self._counts)

    def close(self) -> None:
        if self._session is not None:
            self._session.stop(self)
        # Before the upstream, which a worker thread may be running.
        keeper, self._keeper, self._kept_plan = self._keeper, None, None
        try:
            if keeper is not None:
                keeper.close()
        finally:
            super().close()

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_keeper": None, "_kept_plan": None}

    def _params(self) -> Mapping[str, object]:
        return {"num_workers": self.num_workers, "backend": self.backend.name}

    def _placement(self) -> Mapping[int, str]:
        return self._plan().placement()


def keeper_of(backend: Backend, part: WorkersPart, num_workers: int) -> Keeper:
    """Return the keeper of a pool; a function of its own, so that it holds no flow."""
    workers = 1 if part.stream is not None else num_workers

    def start() -> Pool:
        return backend.start(part, workers)

    return Keeper(start)


def resolved_backend(backend: str | Backend) -> Backend:
    """Return the backend that is registered under a name; a backend itself comes back as it is.

    Raises:
        UnknownPluginError: if no backend has that name.
        TypeError: if it is neither a name nor a backend.
    """
    if isinstance(backend, str):
        made: Backend = DataFlow.registry.get(backend, "backends")()
        return made
    if isinstance(backend, type) or not isinstance(backend, Backend):
        raise TypeError(f"backend is a name or a backend made by you, not {backend!r}")
    return backend


def _checked_ordered(ordered: bool | int, stage: str) -> bool | int:
    if isinstance(ordered, bool):
        return ordered
    if hasattr(ordered, "__index__") and ordered.__index__() >= 0:
        # 0 places out of order is in order; as a bool it would mean the opposite.
        return ordered.__index__() or True
    raise ValueError(
        f"ordered of {stage} is True, False, or by how many places datapoints may be out of order,"
        f" not {ordered!r}"
    )


def _checked_bound(value: float | None, name: str, stage: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, Real):
        raise TypeError(f"{name} of {stage} is a number, or None for no bound, not {value!r}")
    if not value >= 0:
        raise ValueError(f"{name} of {stage} is at least 0, or None for no bound, got {value!r}")
    return value


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
