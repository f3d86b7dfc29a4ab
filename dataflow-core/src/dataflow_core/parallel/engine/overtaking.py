"""How far out of order results may come.

A task may be handed out before others that were made earlier if, with `limit` datapoints,

    datapoints in earlier tasks that are still to come <= limit
    datapoints handed out before an earlier task's, though made after them <= limit

so that none comes more than `limit` places early or late.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from dataflow_core.flow.ranges import Ranges
from dataflow_core.parallel.task import Task


class Overtaking:
    """Says which of the tasks that have arrived may be handed out next.

    Args:
        limit: datapoints (groups, where tasks are groups); 0 keeps the order.
        groups: whether a task counts as one.
        done: positions (of groups) that were handed out before the run began, out of their order.
    """

    def __init__(self, limit: float, *, groups: bool = False, done: Ranges | None = None) -> None:
        self.limit = limit
        self._groups = groups
        self._done = done or []
        self._overtaken: dict[int, int] = {}

    def choose(self, tasks: Iterable[Task], arrived: Collection[int]) -> Task | None:
        """Return the first of `tasks`, in the order they were made, that may be handed out."""
        if not self.limit:
            first = next(iter(tasks), None)
            return first if first is not None and first.number in arrived else None
        has_arrived = set(arrived)
        ahead = 0
        most_overtaken = 0
        for task in tasks:
            weight = self._weight(task)
            if task.number in has_arrived and (not ahead or most_overtaken + weight <= self.limit):
                return task
            ahead += weight
            most_overtaken = max(most_overtaken, self._overtaken_by(task))
            if ahead > self.limit:
                return None
        return None

    def hand_out(self, task: Task, tasks: Iterable[Task]) -> None:
        """Take note that `task` is handed out before those of `tasks` that come before it."""
        self._overtaken.pop(task.number, None)
        if math.isinf(self.limit):
            return
        for earlier in tasks:
            if earlier.number == task.number:
                return
            self._overtaken[earlier.number] = self._overtaken_by(earlier) + self._weight(task)

    def _overtaken_by(self, task: Task) -> int:
        """Return how many datapoints were handed out before this task's, though after them."""
        if task.number in self._overtaken or not self._done:
            return self._overtaken.get(task.number, 0)
        position = task.group if self._groups else task.positions[0]
        return sum(max(0, last - max(first - 1, position)) for first, last in self._done)

    def _weight(self, task: Task) -> int:
        return 1 if self._groups else len(task.inputs)


def overtaking_limit(ordered: bool | int) -> float:
    """Return what `ordered` allows: True 0, False any number, a number itself."""
    if ordered is True:
        return 0
    return math.inf if ordered is False else ordered
