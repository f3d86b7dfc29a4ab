"""The feed: cut what a run hands out into tasks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import islice
from time import perf_counter

from dataflow_core.errors import StateError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.ranges import Ranges, holds
from dataflow_core.flow.run import Place, Run
from dataflow_core.parallel.task import TARGET_SECONDS, Draws, Task

#: After so many inputs it is time to look at the clock: looking costs as much as a few of them.
LOOK_EVERY = 32


def cut(
    run: Run,
    draws: Draws,
    numbers: Iterator[int],
    size: Callable[[], int],
    first_group: int = 0,
    done_groups: Ranges | None = None,
    members: int = 1,
) -> Generator[Task, None, None]:
    """Yield tasks of `size()` inputs each, smaller at the end, or where inputs are slow to come.

    What the run raises is raised after the task that holds what came before it. Groups in
    `done_groups` were handed out already and are left out; `members` inputs make up a group.
    """
    items = iter(run)
    try:
        yield from _cut(run, items, draws, numbers, size, first_group, done_groups, members)
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


def _cut(
    run: Run,
    items: Iterator[Datapoint],
    draws: Draws,
    numbers: Iterator[int],
    size: Callable[[], int],
    first_group: int,
    done_groups: Ranges | None,
    members: int,
) -> Generator[Task, None, None]:
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
                for some in _in_time(run, items, size(), members):
                    for dp in some:
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


def _in_time(
    run: Run, items: Iterator[Datapoint], size: int, members: int
) -> Iterator[Iterator[Datapoint]]:
    """Yield the next `size` items in parts of whole groups, until a task's time is over."""
    began = perf_counter()
    taken, part = 0, members
    largest = max(members, LOOK_EVERY - LOOK_EVERY % members)
    while taken < size:
        yield islice(items, min(part, size - taken))
        taken += part
        idle = run.idle()
        if idle or perf_counter() - began > TARGET_SECONDS:
            return
        if idle is None:
            part = min(taken, largest)


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
) -> Generator[Task, None, None]:
    """Yield tasks for a part that is a whole flow: hand out the next `size()` datapoints."""
    yield Task(next(numbers), draws, count=size(), begin=place, opens=True)
    while True:
        yield Task(next(numbers), draws, count=size())
