"""The parallel run of one-by-one stages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.gaps import gaps_of, without
from dataflow_core.flow.run import Place, Run, Scope, position_of
from dataflow_core.parallel.engine.engine import raise_failure
from dataflow_core.parallel.engine.overtaking import Overtaking
from dataflow_core.parallel.planning.chunk import LARGEST, ChunkSize
from dataflow_core.parallel.planning.feed import cut, place_after
from dataflow_core.parallel.planning.plan import Plan
from dataflow_core.parallel.runs.progress import Progress
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.parallel.task import Task


class ItemsRun(Run):
    """Datapoints of a chain, in the feed's order, with the feed's positions."""

    __slots__ = ("_at", "_done", "_draws", "_feed", "_given_back", "_progress", "_task", "_terms")

    def __init__(self, plan: Plan, scope: Scope, place: Place | None, terms: Terms) -> None:
        super().__init__(position_of(place))
        # In order, so that an input is found by its position, and known by it if it overtakes.
        self._feed = plan.feed.open_base(scope.in_order(), place)
        self._draws = plan.draws(scope)
        self._terms = terms
        self._at = self._feed.place()
        self._done = gaps_of(place)
        self._task: Task | None = None
        self._progress = Progress() if terms.overtaking else None
        self._given_back = False

    def __iter__(self) -> Iterator[Datapoint]:
        terms, progress = self._terms, self._progress
        chunk = ChunkSize(int(min(terms.window.largest_task, terms.overtaking or LARGEST)))
        ledger = terms.ledger(self._draws.epoch)
        with terms.keeper.lease() as leased:
            tasks = cut(self._feed, self._draws, leased.numbers, chunk)
            if progress is not None:
                tasks = progress.noting(tasks)
            overtaking = Overtaking(terms.overtaking, done=self._done)
            engine = terms.engine(leased, tasks, self._feed, overtaking)
            try:
                for task, answer in engine.results():
                    result = ledger.take(task, answer)
                    self._task = task
                    chunk.learn(len(task.inputs), result.seconds, task, result)
                    for self.position, dp in zip(result.positions, result.outputs):
                        yield dp
                    if result.failure is not None:
                        raise_failure(result.failure)
                    if progress is not None:
                        progress.finish(task)
                        self._task = None
            finally:
                engine.stop_feeding()

    def place(self) -> Place:
        if self._progress is not None:
            return self._place_with_gaps(self._progress)
        task = self._task
        if task is None:
            return self._at
        number = self._handed_out(task)
        if number:
            return place_after(self._feed, task, number - 1)
        return self._at if task.begin is None else task.begin

    def _place_with_gaps(self, progress: Progress) -> Place:
        oldest, task = progress.oldest(), self._task
        if oldest is None:
            # All that was made was handed out.
            last = progress.last()
            return self._at if last is None else place_after(self._feed, last, -1)
        done = progress.done_positions(task, 0 if task is None else self._handed_out(task))
        begin = self._at if oldest.begin is None else oldest.begin
        return without(begin, done)

    def _handed_out(self, task: Task) -> int:
        """Return how many inputs of the task at hand are done with."""
        number = bisect_left(task.positions, self.position)
        if number == len(task.positions) or task.positions[number] != self.position:
            return 0  # Nothing of this task was handed out yet.
        return number if self._given_back else number + 1

    def give_back(self) -> None:
        self._given_back = True

    def close(self) -> None:
        self._feed.close()
