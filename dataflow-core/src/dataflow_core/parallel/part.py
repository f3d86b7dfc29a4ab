"""The workers' part: the stages that a worker runs, as it is sent to the workers."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TypeVar

from dataflow_core.errors import NotPicklableError
from dataflow_core.flow.chain_run import Call
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.group import GroupFlow
from dataflow_core.flow.proxy import PointwiseFlow, ProxyDataFlow, calls_of
from dataflow_core.parallel.policy import OnError

P = TypeVar("P", bound=ProxyDataFlow)


@dataclass(frozen=True, eq=False)
class WorkersPart:
    """Stages, source first. Either `stream` alone, or any of the others.

    Attributes:
        read: the stage whose datapoints the workers read: an indexed source, or it repeated.
        before: one-by-one stages.
        grouping: the stage that groups what these hand out.
        after: one-by-one stages over the groups.
        may_drop: whether a member of a group might be dropped before the grouping.
        stream: a whole flow, which one worker runs.
        on_error: what to do about a datapoint that a one-by-one stage fails on.
        timeout_s: seconds after which a process that is still at one task is taken for dead.
    """

    read: DataFlow | None = None
    before: tuple[PointwiseFlow, ...] = ()
    grouping: GroupFlow | None = None
    after: tuple[PointwiseFlow, ...] = ()
    may_drop: bool = False
    stream: DataFlow | None = None
    on_error: OnError = "raise"
    timeout_s: float | None = None

    @property
    def stages(self) -> tuple[DataFlow, ...]:
        """All stages, source first."""
        found = (self.stream, self.read, *self.before, self.grouping, *self.after)
        return tuple(stage for stage in found if stage is not None)

    def calls_before(self) -> list[Call]:
        """Return the functions that are run on each input."""
        if self.read is None:
            return calls_of(self.before)
        left_undone = self.read._call_before(self.before[0]) if self.before else None
        return [left_undone or self.read._reader(), *calls_of(self.before)]

    def calls_after(self) -> list[Call]:
        """Return the functions that are run on each group."""
        return calls_of(self.after)

    def labels(self) -> list[str]:
        """Return the names of the stages whose functions `calls_before` returns."""
        read = [] if self.read is None else [self.read]
        return [stage._label() for stage in (*read, *self.before)]

    def maker(self) -> str:
        """Return the name of the stage whose datapoints leave the workers."""
        stages = self.stages
        return stages[-1]._label() if stages else "the workers' part"

    def packed(self) -> bytes:
        """Return the part as bytes for another process; cloudpickle, so lambdas may be in it.

        The stages go without their upstreams: what the feed reads stays here.

        Raises:
            NotPicklableError: naming the stage and the attribute that cannot travel.
        """
        import cloudpickle

        alone = replace(
            self,
            before=tuple(_without_upstream(stage) for stage in self.before),
            grouping=None if self.grouping is None else _without_upstream(self.grouping),
            after=tuple(_without_upstream(stage) for stage in self.after),
        )
        try:
            packed: bytes = cloudpickle.dumps(alone)
        except Exception as error:
            raise _not_picklable(alone, error) from error
        return packed

    @staticmethod
    def unpacked(packed: bytes) -> WorkersPart:
        """Return the part that `packed` holds. Only for bytes of one's own parent process."""
        import cloudpickle

        part: WorkersPart = cloudpickle.loads(packed)
        return part


def _without_upstream(stage: P) -> P:
    alone = copy.copy(stage)
    alone.__dict__.pop("ds", None)
    return alone


def _not_picklable(part: WorkersPart, error: Exception) -> NotPicklableError:
    import cloudpickle

    for stage in part.stages:
        for attribute, value in stage.__getstate__().items():
            try:
                cloudpickle.dumps(value)
            except Exception as cause:  # noqa: BLE001  whatever a user's __reduce__ raises
                name = type(stage).__name__
                return NotPicklableError(
                    f"{name} cannot be sent to a worker process: its attribute {attribute!r}"
                    f" ({type(value).__name__}) cannot be pickled: {cause}. Open such things in"
                    ' reset_state() and drop them in __getstate__(), or use backend="thread"',
                    stage=name,
                    attribute=attribute,
                )
    try:
        cloudpickle.dumps(part.on_error)
    except Exception as cause:  # noqa: BLE001
        return NotPicklableError(
            f"the function given as on_error cannot be sent to a worker process: {cause}. It is"
            ' asked in the worker; make what it needs there, or use backend="thread"',
            stage="ParallelData",
            attribute="on_error",
        )
    return NotPicklableError(f"the workers' part cannot be pickled: {error}")
