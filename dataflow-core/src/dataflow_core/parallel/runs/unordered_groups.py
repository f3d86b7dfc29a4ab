"""The parallel run of stages that end with a grouping, its groups as they come."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.group import Grouping, done_groups, place_among
from dataflow_core.flow.ranges import union
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place
from dataflow_core.parallel.engine.engine import raise_failure
from dataflow_core.parallel.engine.overtaking import Overtaking
from dataflow_core.parallel.planning.feed import cut, place_after
from dataflow_core.parallel.planning.plan import Plan
from dataflow_core.parallel.runs.groups import after_grouping
from dataflow_core.parallel.runs.progress import Progress
from dataflow_core.parallel.runs.regroup import Regrouper
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.parallel.task import Result, Task


class UnorderedGroupsRun(Run):
    """The groups of the sequential stream, each with its position, in another order.

    Only for parts that drop nothing: every group is then a task.
    """

    __slots__ = (
        "_after", "_done", "_draws", "_feed", "_given_back", "_grouping", "_progress", "_start",
        "_task", "_terms",
    )  # fmt: skip

    def __init__(
        self,
        plan: Plan,
        grouping: Grouping,
        scope: Scope,
        place: Place | None,
        terms: Terms,
    ) -> None:
        super().__init__(position_of(place))
        self._feed = plan.feed.open_base(scope.in_order(), upstream_place(place))
        self._draws = plan.draws(scope)
        self._grouping = grouping
        self._after = () if plan.part is None else plan.part.after
        self._terms = terms
        self._done = done_groups(place)
        self._start = place_among(position_of(place), self._feed.place(), self._done)
        self._progress = Progress()
        self._task: Task | None = None
        self._given_back = False

    def __iter__(self) -> Iterator[Datapoint]:
        terms, size = self._terms, self._grouping.size
        ledger = terms.ledger(self._draws.epoch)
        with terms.keeper.lease() as leased:
            first = self.position + 1
            tasks = cut(
                self._feed, self._draws, leased.numbers, lambda: size, first, self._done, size
            )
            noted = self._progress.noting(tasks)
            overtaking = Overtaking(terms.overtaking, groups=True, done=self._done)
            engine = terms.engine(leased, noted, self._feed, overtaking)
            try:
                for task, answer in engine.results():
                    result = ledger.take(task, answer)
                    if result.failure is not None:
                        raise_failure(result.failure)
                    self.position = task.group
                    for group in self._groups(result):
                        self._task = task
                        yield group
                    self._progress.finish(task)
                    self._task = None
            finally:
                engine.stop_feeding()

    def _groups(self, result: Result) -> list[Datapoint]:
        """Return the group that a result is, or the smaller one that is the last of the epoch."""
        if result.grouped:
            return result.outputs
        regrouper = Regrouper(self._grouping)
        groups = [each for group, _, _ in regrouper.take(result, self.position) for each in group]
        outputs: list[Datapoint] = []
        for group in groups + regrouper.rest(self.position):
            after = after_grouping(self._after, self._draws, self.position, group)
            if after.failure is not None:
                raise_failure(after.failure)
            outputs += after.outputs
        return outputs

    def place(self) -> Place:
        at_hand = None if self._given_back else self._task
        oldest, last = self._progress.oldest(at_hand), self._progress.last()
        if last is None:
            return self._start
        done = union(self._done, self._progress.done_groups(at_hand))
        if oldest is None:
            return place_among(last.group + 1, place_after(self._feed, last, -1), done)
        begin = 0 if oldest.begin is None else oldest.begin
        return place_among(oldest.group, begin, done)

    def give_back(self) -> None:
        self._given_back = True

    def close(self) -> None:
        self._feed.close()
