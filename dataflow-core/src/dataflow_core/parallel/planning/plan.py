"""Which stages the workers run, and which feed them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from dataflow_core import hooks
from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Step
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.group import GroupFlow
from dataflow_core.flow.proxy import PointwiseFlow
from dataflow_core.flow.run import Scope
from dataflow_core.flow.shard import ALL
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.task import Draws


@dataclass(frozen=True, eq=False)
class Plan:
    """How a flow is cut for parallel work.

    Attributes:
        part: what the workers run; None if there is nothing for them.
        feed: the chain whose base hands out the tasks' inputs, and whose steps are the part's.
        group: the chain over the grouping, if there is one.
        consumer: one-by-one steps over the groups that stay with the consumer.
        flow: what was cut.
    """

    flow: DataFlow
    part: WorkersPart | None
    feed: Chain
    group: Chain | None = None
    consumer: tuple[Step, ...] = ()

    def draws(self, scope: Scope) -> Draws:
        """Return what the random numbers of a run in `scope` hang on."""
        if self.part is not None and self.part.stream is not None:
            return Draws(scope.seed, scope.epoch, (scope.first,))
        after = () if self.group is None else self.group.streams(scope)
        return Draws(scope.seed, scope.epoch, self.feed.streams(scope), after)

    def placement(self) -> Mapping[int, str]:
        """Return where each stage runs, by `id`."""
        where = {id(step.stage): "consumer" for step in self.consumer}
        if self.part is not None:
            where |= {id(stage): "workers" for stage in self.part.stages}
            if self.part.stream is None and self.part.read is None:
                where[id(self.feed.source)] = "feed"
        return where


def plan(flow: DataFlow, on_error: OnError = "raise", timeout_s: float | None = None) -> Plan:
    """Cut `flow`: workers get the longest run of one-by-one and grouping stages at its end.

    A step over groups whose members might have been dropped stays with the consumer: a worker
    cannot know which datapoints end up in its group.
    """
    chain = flow._chain()
    grouping = chain.source
    if isinstance(grouping, GroupFlow) and grouping._is_native(GroupFlow) and chain.shard == ALL:
        inner = grouping.ds._chain()
        # A plugin may skip what fails, whatever the policy says.
        may_skip = on_error != "raise" or hooks.opinions_are_heard()
        may_drop = inner.may_drop or may_skip
        consumer = chain.steps if may_drop else ()
        part = WorkersPart(
            read=inner.source if inner.indexed else None,
            before=_stages(inner),
            grouping=grouping,
            after=() if consumer else _stages(chain),
            may_drop=may_drop,
            on_error=on_error,
            timeout_s=timeout_s,
        )
        return Plan(flow, part, inner, chain, consumer)
    if chain.steps:
        read = chain.source if chain.indexed else None
        part = WorkersPart(read=read, before=_stages(chain), on_error=on_error, timeout_s=timeout_s)
        return Plan(flow, part, chain)
    if chain.cheap:
        return Plan(flow, None, chain)
    return Plan(flow, WorkersPart(stream=flow, timeout_s=timeout_s), chain)


def _stages(chain: Chain) -> tuple[PointwiseFlow, ...]:
    return tuple(step.stage for step in chain.steps if isinstance(step.stage, PointwiseFlow))


def warn_of_idle_workers(plan: Plan, num_workers: int, frames: int) -> None:
    """Warn whoever called `frames` frames above if workers will have nothing to do."""
    if plan.part is None or plan.part.stream is None or num_workers == 1:
        return
    remedy = (
        "call parallel() before it, or move the work into a map after it"
        if plan.flow._upstreams()
        else "write __getitem__ (IndexedDataFlow), move the work into a map after it, or use"
        " ReplicateData if it may be run several times at once"
    )
    warnings.warn(
        f"{plan.flow._label()} can only be run by one worker at a time, so of {num_workers}"
        f" workers one will work. To use them all, {remedy}",
        stacklevel=2 + frames,
    )
