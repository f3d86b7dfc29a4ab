"""Chains: stages that work on datapoints one by one, over the stage that numbers them.

A datapoint keeps its position through the chain, whether stages before dropped others or not, so
a chain can be run by anyone who holds a datapoint and its position: here in order, or in workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dataflow_core.flow.chain_run import ChainRun, Step, WalkRun
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.gaps import WithoutRun, gaps_of
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place
from dataflow_core.flow.shard import ALL, Shard

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow


@dataclass(frozen=True, eq=False)
class Chain:
    """A numbering stage, the one-by-one steps over it, and which positions are kept.

    Attributes:
        base: opens the run that numbers the datapoints.
        source: the flow that `base` belongs to, for its random streams.
        steps: what happens to each datapoint, in order.
        shard: which positions are kept.
        indexed: whether `base` hands out indices of `source`, which the first step reads.
        cheap: whether what `base` hands out costs nothing to make, being in memory, say.
        walk: from a position on, does what `base` and the first step do, faster; see
            `IndexedDataFlow._walk`.
    """

    source: DataFlow
    base: Callable[[Scope, Place | None, Shard], Run]
    steps: tuple[Step, ...] = ()
    shard: Shard = ALL
    indexed: bool = False
    cheap: bool = False
    walk: Callable[[int], Iterator[Datapoint] | None] | None = None

    def then(self, step: Step) -> Chain:
        """Return the chain with one more step."""
        return replace(self, steps=(*self.steps, step))

    def sharded(self, shard: Shard) -> Chain:
        """Return the chain that keeps a shard of what this one keeps."""
        return replace(self, shard=shard.of(self.shard))

    @property
    def may_drop(self) -> bool:
        """Whether a datapoint that the base hands out might not reach the end."""
        return any(step.may_drop for step in self.steps)

    def streams(self, scope: Scope) -> tuple[int, ...]:
        """Return the number of each step's random stream (-1: has none)."""
        numbers: list[int] = []
        following = scope.first + self.source._stream_count()
        for step in self.steps:
            if step.stage is self.source:
                numbers.append(following - 1)
            elif step.draws:
                numbers.append(following)
                following += 1
            else:
                numbers.append(-1)
        return tuple(numbers)

    def open_base(self, scope: Scope, place: Place | None) -> Run:
        """Open the numbering stage, past what was delivered before `place`."""
        gaps = gaps_of(place)
        if gaps is not None:
            return WithoutRun(self.base(scope, upstream_place(place, "at"), self.shard), gaps)
        return self.base(scope, place, self.shard)

    def open(self, scope: Scope, place: Place | None) -> Run:
        """Open the whole chain."""
        if self.walk is not None and self.shard == ALL and gaps_of(place) is None:
            start = position_of(place)
            items = self.walk(start)
            if items is not None:
                read = self.steps[0].call
                return self.over(WalkRun(items, start, len(self.source), read), scope, first_step=1)
        return self.over(self.open_base(scope, place), scope)

    def over(self, base: Run, scope: Scope, first_step: int = 0) -> Run:
        """Return the run of the steps over a run of what comes before `first_step`."""
        steps = self.steps[first_step:]
        if not steps:
            return base
        return ChainRun(base, steps, scope, self.streams(scope)[first_step:])
