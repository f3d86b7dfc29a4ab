"""What was handed out of the tasks of a run, where these do not come in their order.

low-water mark = where the oldest task begins that was not handed out to its end
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain

from dataflow_core.flow.ranges import Ranges, ranges_of, union
from dataflow_core.parallel.task import Task


class Progress:
    """Keeps the tasks from the low-water mark on."""

    def __init__(self) -> None:
        #: Made and not yet below the mark, oldest first; whether each was handed out to its end.
        self._tasks: dict[int, tuple[Task, bool]] = {}

    def noting(self, tasks: Generator[Task, None, None]) -> Generator[Task, None, None]:
        """Pass tasks on as they are made, noting them."""
        with closing(tasks):
            for task in tasks:
                self._tasks[task.number] = task, False
                yield task

    def finish(self, task: Task) -> None:
        """Take note that a task was handed out to its end."""
        # Its inputs would pile up while a slow one is at the mark.
        self._tasks[task.number] = replace(task, inputs=()), True
        while len(self._tasks) > 1:
            number, (_, finished) = next(iter(self._tasks.items()))
            if not finished:
                return
            del self._tasks[number]

    def oldest(self, besides: Task | None = None) -> Task | None:
        """Return the task at the low-water mark; `besides` counts as handed out."""
        unfinished = (task for task, finished in self._tasks.values() if not finished)
        return next((task for task in unfinished if task is not besides), None)

    def last(self) -> Task | None:
        """Return the task that was made last."""
        return next((task for task, _ in reversed(self._tasks.values())), None)

    def done_positions(self, task: Task | None, inputs: int) -> Ranges:
        """Return positions above the mark that were handed out.

        Args:
            task: the one that is being handed out.
            inputs: how many of its inputs are.
        """
        at_hand = [] if task is None else task.positions[:inputs]
        return ranges_of(chain(at_hand, *(task.positions for task in self._finished())))

    def done_groups(self, besides: Task | None = None) -> Ranges:
        """Return the groups above the mark that were handed out; `besides` counts as such."""
        done = ranges_of(task.group for task in self._finished())
        return done if besides is None else union(done, ranges_of([besides.group]))

    def _finished(self) -> Iterator[Task]:
        return (task for task, finished in self._tasks.values() if finished)
