"""The parallel run of stages that end with a grouping."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from dataflow_core.errors import StateError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.group import Grouping, done_groups, place_among
from dataflow_core.flow.proxy import PointwiseFlow, calls_of
from dataflow_core.flow.ranges import first_outside
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place
from dataflow_core.parallel.engine.engine import raise_failure
from dataflow_core.parallel.planning.chunk import ChunkSize
from dataflow_core.parallel.planning.feed import cut, place_after
from dataflow_core.parallel.planning.plan import Plan
from dataflow_core.parallel.runs.regroup import Regrouper
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.parallel.steps import Steps
from dataflow_core.parallel.task import Draws, Result, Task


def after_grouping(
    stages: Sequence[PointwiseFlow], draws: Draws, position: int, group: Datapoint
) -> Result:
    """Run the steps after the grouping on a group that no worker made."""
    steps = Steps(calls_of(stages), [stage._label() for stage in stages])
    result = Result(0, [], [])
    steps.run(steps.context(draws, draws.after), [position], [group], result)
    return result


class GroupsRun(Run):
    """Groups of the datapoints that a chain makes of the feed's."""

    __slots__ = (
        "_after", "_before", "_done", "_draws", "_end", "_feed", "_grouping", "_may_drop",
        "_start", "_terms", "ledger",
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
        self._done = done_groups(place)
        self._may_drop = plan.part is not None and plan.part.may_drop
        if self._done and self._may_drop:
            raise StateError(
                "the state was taken out of order: it names groups that were delivered before"
                " others. Where datapoints may be skipped, later groups would not begin where"
                ' those say. Finish this epoch with on_error="raise"'
            )
        # In order, so that an input is found by its position.
        self._feed = plan.feed.open_base(scope.in_order(), upstream_place(place))
        self._draws = plan.draws(scope)
        self._grouping = grouping
        self._after = () if plan.part is None else plan.part.after
        self._terms = terms
        self.ledger = terms.ledger(self._draws.epoch)
        self._start = self._feed.place()
        #: The last member of the group at hand, and of the one before: its task and position.
        self._end: tuple[Task, int] | None = None
        self._before: tuple[Task, int] | None = None

    def __iter__(self) -> Iterator[Datapoint]:
        size, done = self._grouping.size, self._done
        regrouper = Regrouper(self._grouping)
        # Groups are left out one by one.
        chunk = ChunkSize(1 if done else self._terms.window.largest_task)
        last_member: tuple[Task, int] | None = None
        with self._terms.keeper.lease() as leased:
            tasks = cut(
                self._feed,
                self._draws,
                leased.numbers,
                lambda: size * chunk(),
                self.position + 1,
                done,
                size,
            )
            engine = self._terms.engine(leased, tasks, self._feed)
            try:
                for task, answer in engine.results():
                    result = self.ledger.take(task, answer)
                    inputs = len(task.inputs) // size
                    chunk.learn(inputs, result.seconds, task, result)
                    first = self.position + 1 if self._may_drop else task.group
                    for group, number, last in regrouper.take(result, first):
                        self._before, self._end = self._end, (task, last)
                        self.position = number
                        if result.grouped:
                            yield from group
                        else:
                            yield from self._after_all(group)
                    if result.positions:
                        last_member = task, result.positions[-1]
                    if result.failure is not None:
                        raise_failure(result.failure)
                number = first_outside(done, self.position + 1)
                for group in regrouper.rest(number):
                    self._before, self._end = self._end, last_member
                    self.position = number
                    yield from self._after_all([group])
            finally:
                engine.stop_feeding()

    def _after_all(self, groups: list[Datapoint]) -> list[Datapoint]:
        """Return what the steps after the grouping make of a group that no worker made."""
        if not self._after:
            return groups
        (group,) = groups
        try:
            result = after_grouping(self._after, self._draws, self.position, group)
            if result.failure is not None:
                raise_failure(result.failure)
        except BaseException:
            self.give_back()
            raise
        return result.outputs

    def place(self) -> Place:
        at = self._start
        if self._end is not None:
            task, position = self._end
            at = place_after(self._feed, task, bisect_left(task.positions, position))
        return place_among(self.position + 1, at, self._done)

    def give_back(self) -> None:
        self.position -= 1
        self._end = self._before

    def close(self) -> None:
        self._feed.close()
