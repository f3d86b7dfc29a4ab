"""The parallel run of one-by-one stages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope, position_of
from dataflow_core.parallel.chunk import ChunkSize
from dataflow_core.parallel.engine import Engine, raise_failure
from dataflow_core.parallel.feed import cut, place_after
from dataflow_core.parallel.plan import Plan
from dataflow_core.parallel.task import Task
from dataflow_core.parallel.terms import Terms


class ItemsRun(Run):
    """Datapoints of a chain, in the feed's order, with the feed's positions."""

    __slots__ = ("_at", "_draws", "_feed", "_given_back", "_task", "_terms")

    def __init__(self, plan: Plan, scope: Scope, place: Place | None, terms: Terms) -> None:
        super().__init__(position_of(place))
        self._feed = plan.feed.open_base(scope, place)
        self._draws = plan.draws(scope)
        self._terms = terms
        self._at = self._feed.place()
        self._task: Task | None = None
        self._given_back = False

    def __iter__(self) -> Iterator[Datapoint]:
        chunk = ChunkSize(self._terms.window.largest_task)
        ledger = self._terms.ledger(self._draws.epoch)
        with self._terms.keeper.lease() as leased:
            tasks = cut(self._feed, self._draws, leased.numbers, chunk)
            engine = Engine(leased.pool, tasks, self._terms.window.tasks, self._terms.counts)
            try:
                for task, answer in engine.results():
                    result = ledger.take(task, answer)
                    self._task = task
                    chunk.learn(len(task.inputs), result.seconds)
                    for self.position, dp in zip(result.positions, result.outputs):
                        yield dp
                    if result.failure is not None:
                        raise_failure(result.failure)
            finally:
                engine.stop_feeding()

    def place(self) -> Place:
        task = self._task
        if task is None:
            return self._at
        number = bisect_left(task.positions, self.position)
        if number == len(task.positions) or task.positions[number] != self.position:
            # Nothing of this task was handed out yet.
            return self._at if task.begin is None else task.begin
        if self._given_back:
            number -= 1
        if number >= 0:
            return place_after(self._feed, task, number)
        return self._at if task.begin is None else task.begin

    def give_back(self) -> None:
        self._given_back = True

    def close(self) -> None:
        self._feed.close()
