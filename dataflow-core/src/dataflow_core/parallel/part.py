"""The workers' part: the stages that a worker runs, as it is sent to the workers."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataflow_core.errors import NotPicklableError
from dataflow_core.flow.chain_run import Call
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.group import GroupFlow
from dataflow_core.flow.proxy import PointwiseFlow, ProxyDataFlow, calls_of
from dataflow_core.flow.run import Scope
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.task import Draws


class Elsewhere(DataFlow):
    """Stands for the upstream of a stage in a worker, where nothing is read of it."""


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
        copied: whether these are copies, which nobody has opened yet, even in this process.
    """

    read: DataFlow | None = None
    before: tuple[PointwiseFlow, ...] = ()
    grouping: GroupFlow | None = None
    after: tuple[PointwiseFlow, ...] = ()
    may_drop: bool = False
    stream: DataFlow | None = None
    on_error: OnError = "raise"
    timeout_s: float | None = None
    copied: bool = False

    @property
    def stages(self) -> tuple[DataFlow, ...]:
        """All stages, source first."""
        whole = (stage for stage in (self.stream, self.read) if stage is not None)
        return (*whole, *self.proxies)

    @property
    def proxies(self) -> tuple[ProxyDataFlow, ...]:
        """Those whose upstream is another one of these, or is the feed."""
        grouping = () if self.grouping is None else (self.grouping,)
        return (*self.before, *grouping, *self.after)

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

    def scopes(self, draws: Draws) -> Iterator[tuple[DataFlow, Scope]]:
        """Yield each stage and the scope in which `reset_state()` finds it in the pipeline."""
        for stage, stream in zip(self.stages, draws.before):
            # Its own stream is the last of its subtree; only what is read has others here.
            others = stage._stream_count() - 1 if stage is self.read else 0
            yield stage, Scope(draws.seed, 0, max(stream - others, 0))
        if self.grouping is not None:
            yield self.grouping, Scope(draws.seed, 0)
        for stage, stream in zip(self.after, draws.after):
            yield stage, Scope(draws.seed, 0, max(stream, 0))

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
        try:
            packed = _dumped(self)
        except Exception as error:
            raise _not_picklable(self, error) from error
        return packed

    @staticmethod
    def unpacked(packed: bytes) -> WorkersPart:
        """Return the part that `packed` holds. Only for bytes of one's own parent process."""
        import cloudpickle

        part: WorkersPart = cloudpickle.loads(packed)
        return part


#: The name of the user's script in a process that multiprocessing started. What such a process
#: starts in turn cannot import it.
_MAIN_OF_CHILDREN = "__mp_main__"


def _dumped(part: WorkersPart) -> bytes:
    import cloudpickle

    if _MAIN_OF_CHILDREN in sys.modules:
        # By value, then, as what is defined in __main__ always is.
        cloudpickle.register_pickle_by_value(sys.modules[_MAIN_OF_CHILDREN])
    without_upstream = {id(proxy) for proxy in part.proxies}

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # which has no types
        def reducer_override(self, value: Any) -> Any:
            # Wherever one is met: a stage may well hold methods of its own, and so itself.
            if id(value) in without_upstream:
                return _reduced_without_upstream(value)
            return super().reducer_override(value)

    stream = io.BytesIO()
    Pickler(stream).dump(part)
    return stream.getvalue()


def _reduced_without_upstream(proxy: ProxyDataFlow) -> Any:
    reduced: Any = proxy.__reduce_ex__(2)
    match reduced:
        case make, arguments, {"ds": _, **state}, *rest:
            return make, arguments, {**state, "ds": Elsewhere()}, *rest
    return reduced


def _not_picklable(part: WorkersPart, error: Exception) -> NotPicklableError:
    import cloudpickle

    for stage in part.stages:
        for attribute, value in stage.__getstate__().items():
            if attribute == "ds" and stage in part.proxies:
                continue  # It does not travel.
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
