"""What each stage of a pipeline costs, measured one stage at a time in one process.

A copy of the pipeline is run without its workers, which change nothing about the stream. In it a
clock is told whenever a stage begins and ends its part of a datapoint; what a stage spends asking
its upstream is the upstream's:

    sum of all stages' seconds <= seconds of the run
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, ClassVar

from dataflow_core.errors import EmptyDataFlowError
from dataflow_core.flow import DROP, DataFlow, Datapoint, Place, ProxyDataFlow, Run, Scope
from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Step
from dataflow_core.flow.shard import Shard
from dataflow_core.parallel import ParallelData


@dataclass
class Cost:
    """What a stage took, and handed out.

    Attributes:
        seconds: in its own code.
        datapoints: that it handed out.
    """

    seconds: float = 0.0
    datapoints: int = 0


@dataclass(frozen=True)
class Costs:
    """What a run took.

    Attributes:
        by_stage: for each stage's `id`; stages that do nothing are not in it.
        datapoints: that came out of the pipeline.
        seconds: of the whole run.
    """

    by_stage: Mapping[int, Cost]
    datapoints: int
    seconds: float


def stage_costs(flow: DataFlow, seconds: float, seed: int | None = None) -> Costs:
    """Run a copy of `flow` in this process, epoch after epoch, for a while.

    Args:
        flow: left as it is.
        seconds: how long; at least one datapoint is run.
        seed: for `reset_state`.

    Raises:
        EmptyDataFlowError: an epoch has no datapoints.
        Exception: what the flow raises.

    Example:
        >>> import dataflow_core as df
        >>> squares = df.DataFromList([[1], [2]], shuffle=False).map(lambda dp: [dp[0] ** 2])
        >>> costs = stage_costs(squares, seconds=0.01)
        >>> costs.by_stage[id(squares)].datapoints == costs.datapoints
        True
    """
    clock = _Clock()
    twin = clock.listened_to(flow)
    done = 0
    with twin:
        twin.reset_state(seed)
        began = perf_counter()
        clock.start(began)
        end = began + seconds
        while not done or perf_counter() < end:
            before = done
            for _ in twin:
                done += 1
                if perf_counter() >= end:
                    break
            if done == before:
                raise EmptyDataFlowError(f"{flow._label()} has no datapoints to time")
        spent = perf_counter() - began
    return Costs(clock.costs(), done, spent)


class _Clock:
    """Says whose the time is: whoever began last and has not ended."""

    def __init__(self) -> None:
        self._originals: dict[int, int] = {}
        self._costs: dict[int, Cost] = {}
        self._nobody = Cost()
        self._present = [self._nobody]
        self._since = 0.0

    def start(self, now: float) -> None:
        self._since = now

    def costs(self) -> Mapping[int, Cost]:
        return self._costs

    def cost_of(self, twin: DataFlow) -> Cost:
        return self._costs.setdefault(self._originals.get(id(twin), id(twin)), Cost())

    def begin(self, cost: Cost) -> None:
        now = perf_counter()
        self._present[-1].seconds += now - self._since
        self._present.append(cost)
        self._since = now

    def end(self) -> None:
        now = perf_counter()
        self._present.pop().seconds += now - self._since
        self._since = now

    def listened_to(self, flow: DataFlow) -> DataFlow:
        """Return a copy of the pipeline that tells the clock, without workers."""
        return _Listened(self._copy(flow), self)

    def _copy(self, flow: DataFlow) -> DataFlow:
        while isinstance(flow, ParallelData):
            flow = flow.ds
        twin = copy.copy(flow)
        self._originals[id(twin)] = id(flow)
        if flow._placement():
            return twin  # Its upstream runs in other processes, out of earshot.
        # A stage that is part of its upstream's chain is listened to in there.
        through = flow._chain().source is not flow
        for name, value in vars(twin).items():
            setattr(twin, name, self._replaced(value, through=through))
        return twin

    def _replaced(self, value: Any, *, through: bool) -> Any:
        if isinstance(value, DataFlow):
            twin = self._copy(value)
            return twin if through else _Listened(twin, self)
        if type(value) in (list, tuple) and any(isinstance(each, DataFlow) for each in value):
            return type(value)(self._replaced(each, through=through) for each in value)
        if type(value) is dict and any(isinstance(each, DataFlow) for each in value.values()):
            return {key: self._replaced(each, through=through) for key, each in value.items()}
        return value


class _Listened(ProxyDataFlow):
    """Does what its upstream does, and tells the clock of every step of its chain."""

    _transparent: ClassVar[bool] = True

    def __init__(self, ds: DataFlow, clock: _Clock) -> None:
        super().__init__(ds)
        self._clock = clock

    def _chain(self) -> Chain:
        chain = self.ds._chain()
        return replace(
            chain,
            base=self._base(chain),
            steps=tuple(map(self._step, chain.steps)),
            walk=None if chain.walk is None else self._walk(chain.walk, chain.source),
        )

    def _base(self, chain: Chain) -> Callable[[Scope, Place | None, Shard], Run]:
        clock, source = self._clock, chain.source
        # Indices are no datapoints yet: reading them is the first step.
        cost = Cost() if chain.indexed else clock.cost_of(source)

        def base(scope: Scope, place: Place | None, shard: Shard) -> Run:
            return _ListenedRun(chain.base(scope, place, shard), clock, cost)

        return base

    def _step(self, step: Step) -> Step:
        clock, cost, call = self._clock, self._clock.cost_of(step.stage), step.call

        def listened(dp: Datapoint) -> Datapoint:
            clock.begin(cost)
            try:
                out = call(dp)
            finally:
                clock.end()
            cost.datapoints += out is not DROP
            return out

        # A stage that leaves work to the next would be timed there.
        return replace(step, call=listened, mapped=None, call_before=None)

    def _walk(
        self, walk: Callable[[int], Iterator[Datapoint] | None], source: DataFlow
    ) -> Callable[[int], Iterator[Datapoint] | None]:
        clock, cost = self._clock, self._clock.cost_of(source)

        def listened(start: int) -> Iterator[Datapoint] | None:
            items = walk(start)
            return None if items is None else _told(items, clock, cost)

        return listened


class _ListenedRun(Run):
    """The run of a stage, which tells the clock whenever it is asked for a datapoint."""

    __slots__ = ("_clock", "_cost", "_run")

    def __init__(self, run: Run, clock: _Clock, cost: Cost) -> None:
        self._run = run
        self._clock = clock
        self._cost = cost

    @property
    def position(self) -> int:  # type: ignore[override]
        """The stage's."""
        return self._run.position

    def __iter__(self) -> Iterator[Datapoint]:
        return _told(iter(self._run), self._clock, self._cost)

    def place(self) -> Place:
        return self._run.place()

    def give_back(self) -> None:
        self._run.give_back()

    def skip(self, count: int) -> int:
        return self._run.skip(count)

    def close(self) -> None:
        self._run.close()


def _told(items: Iterator[Datapoint], clock: _Clock, cost: Cost) -> Iterator[Datapoint]:
    while True:
        clock.begin(cost)
        try:
            dp = next(items)
        except StopIteration:
            return
        finally:
            clock.end()
        cost.datapoints += 1
        yield dp
