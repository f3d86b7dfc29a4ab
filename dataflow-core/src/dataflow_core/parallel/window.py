"""How far workers may be ahead of the consumer."""

from __future__ import annotations

from dataclasses import dataclass

#: Beyond one task for every worker: so many more wait for it, or for the consumer.
SPARE_TASKS = 2


@dataclass(frozen=True)
class Window:
    """Bounds on what is under way.

    Attributes:
        tasks: that may be in flight or waiting to be consumed.
        largest_task: datapoints in a task, or groups where there is a grouping.
    """

    tasks: int
    largest_task: int


def window(num_workers: int, max_in_flight: int | None) -> Window:
    """Return the bounds for a number of workers.

    Args:
        num_workers: of the pool.
        max_in_flight: datapoints that may be under way, groups counting as one; None: as many
            tasks as keep all workers busy.
    """
    tasks = num_workers + SPARE_TASKS
    if max_in_flight is None:
        return Window(tasks, 1 << 30)
    tasks = min(tasks, max_in_flight)
    return Window(tasks, max_in_flight // tasks)
