"""The feed: cut what a run hands out into tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from dataflow_core.errors import StateError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.ranges import Ranges, holds
from dataflow_core.flow.run import Place, Run
from dataflow_core.parallel.task import Draws, Task


def cut(
    run: Run,
    draws: Draws,
    numbers: Iterator[int],
    size: Callable[[], int],
    first_group: int = 0,
    done_groups: Ranges | None = None,
    members: int = 1,
) -> Iterator[Task]:
    """Yield tasks of `size()` inputs each, smaller at the end.

    What the run raises is raised after the task that holds what came before it. Groups in
    `done_groups` were handed out already and are left out; `members` inputs make up a group.
    """
    items = iter(run)
    noted = run.place_after(0) is None
    at_once = run.last_positions(0) is not None
    group = first_group
    while True:
        begin = run.place()
        inputs: list[Datapoint] = []
        positions: list[int] = []
        places: list[Place] = []
        error: Exception | None = None
        if at_once:
            inputs += islice(items, size())
        else:
            try:
                for dp in islice(items, size()):
                    inputs.append(dp)
                    positions.append(run.position)
                    if noted:
                        places.append(run.place())
            except Exception as raised:  # noqa: BLE001  raised below
                error = raised
        its_positions = run.last_positions(len(inputs)) or positions
        if inputs and not (done_groups and holds(done_groups, group)):
            yield Task(
                next(numbers), draws, its_positions, inputs, group, begin=begin, places=places
            )
        if error is not None:
            raise error
        if not inputs:
            return
        group += max(1, len(inputs) // members)


def place_after(run: Run, task: Task, number: int) -> Place:
    """Return where the datapoint after input `number` of a task begins."""
    if task.places:
        return task.places[number]
    place = run.place_after(task.positions[number])
    if place is None:
        raise StateError("a run that notes its places handed out a task without them")
    return place


def ask(
    draws: Draws, numbers: Iterator[int], size: Callable[[], int], place: Place | None
) -> Iterator[Task]:
    """Yield tasks for a part that is a whole flow: hand out the next `size()` datapoints."""
    yield Task(next(numbers), draws, count=size(), begin=place, opens=True)
    while True:
        yield Task(next(numbers), draws, count=size())
