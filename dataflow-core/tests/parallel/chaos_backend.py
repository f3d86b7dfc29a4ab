"""A backend without workers that answers in any order, twice, and loses what it has.

It is fast enough for hypothesis, and its chaos is drawn from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import ClassVar

from dataflow_core.parallel import Lost, Result, Task, WorkersPart, make_worker

#: As many tasks as these are held back, so that others overtake them.
Stalled = Collection[int]


class ChaosBackend:
    """Runs tasks when answers are asked for, in an order of its own.

    Args:
        seed: of the order, and of which tasks get lost.
        deaths: how many tasks are lost by accident; another try succeeds.
        poison: positions of datapoints that every worker dies of.
        stalled: numbers of tasks that are answered only when there is nothing else.
    """

    name: ClassVar[str] = "chaos"

    def __init__(
        self, seed: int, *, deaths: int = 0, poison: Collection[int] = (), stalled: Stalled = ()
    ) -> None:
        self.seed = seed
        self.deaths = deaths
        self.poison = frozenset(poison)
        self.stalled = frozenset(stalled)
        self.most_held = 0

    def start(self, part: WorkersPart, num_workers: int) -> ChaosPool:
        return ChaosPool(self, part, num_workers)


class ChaosPool:
    def __init__(self, backend: ChaosBackend, part: WorkersPart, num_workers: int) -> None:
        self.backend = backend
        self.in_order = part.stream is not None
        self.num_workers = num_workers
        self.worker = make_worker(part, in_process=True)
        self.random = random.Random(backend.seed)
        self.held: list[Task] = []
        self.lost: set[int] = set()
        self.answered: list[Result] = []

    def submit(self, task: Task) -> None:
        self.held.append(task)
        self.backend.most_held = max(self.backend.most_held, len(self.held))

    def receive(self) -> Result | Lost:
        assert self.held, "the engine waits for tasks that it has not submitted"
        if self.answered and not self.in_order and self.random.random() < 0.1:
            return self.random.choice(self.answered)
        task = self.held.pop(self._choice())
        if not self.backend.poison.isdisjoint(task.positions):
            return self._loses(task)
        if self.backend.deaths and task.number not in self.lost and not task.alone:
            self.backend.deaths -= 1
            self.lost.add(task.number)
            return self._loses(task)
        result = self.worker.run(task)
        self.answered.append(result)
        return result

    def _choice(self) -> int:
        if self.in_order:
            return 0
        choices = [i for i, task in enumerate(self.held) if task.number not in self.backend.stalled]
        return self.random.choice(choices or range(len(self.held)))

    def _loses(self, task: Task) -> Lost:
        """Lose the task, and what else the worker may have had."""
        lost = [task.number]
        if self.held and (self.in_order or self.random.random() < 0.5):
            lost.append(self.held.pop(0 if self.in_order else self._choice()).number)
        return Lost(0, tuple(lost), "was killed by SIGKILL")

    def cancel(self) -> None:
        self.held.clear()
        self.worker.close()

    def close(self) -> None:
        self.cancel()
