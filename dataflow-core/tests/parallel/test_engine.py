"""The engine over a pool that answers in any order, late, twice, and loses workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.errors import NotPicklableError, WorkerDiedError
from dataflow_core.parallel.engine.engine import POISON, Engine
from dataflow_core.parallel.engine.window import Window
from dataflow_core.parallel.planning.feed import ask
from dataflow_core.parallel.task import Draws, Lost, Result, Task

DRAWS = Draws(1, 0)


def numbered(size: int, first: int = 0) -> Iterator[Task]:
    for number in range(first, first + size):
        yield Task(number, DRAWS, [number], [number])


class Chaos:
    """A pool whose answers hypothesis chooses."""

    def __init__(self, draw: Any, *, deaths: int = 0) -> None:
        self.draw = draw
        self.deaths = deaths
        self.held: list[Task] = []
        self.answered: list[Result] = []
        self.most_held = 0

    def submit(self, task: Task) -> None:
        self.held.append(task)
        self.most_held = max(self.most_held, len(self.held))

    def receive(self) -> Result | Lost:
        what = self.draw(st.sampled_from(["answer", "again", "die"]))
        if what == "again" and self.answered:
            return self.draw(st.sampled_from(self.answered))
        assert self.held, "the engine waits for tasks that it has not submitted"
        index = self.draw(st.integers(0, len(self.held) - 1))
        if what == "die" and self.deaths:
            self.deaths -= 1
            lost = self.held[index : index + 2]
            del self.held[index : index + 2]
            return Lost(0, tuple(task.number for task in lost), "was killed by SIGKILL")
        task = self.held.pop(index)
        result = Result(task.number, [*task.inputs], [*task.positions])
        self.answered.append(result)
        return result

    def cancel(self) -> None:
        self.held.clear()


@given(st.data(), st.integers(0, 20), st.integers(1, 6))
def test_results_come_in_order_and_once_whatever_the_order_of_answers(
    data: st.DataObject, size: int, limit: int
) -> None:
    pool = Chaos(data.draw, deaths=POISON - 1)
    engine = Engine(pool, numbered(size), Window(limit, limit))
    assert [task.number for task, _ in engine.results()] == [*range(size)]
    assert pool.most_held <= limit


@given(st.data(), st.integers(1, 6), st.integers(1, 8))
def test_late_answers_to_a_run_that_was_broken_off_are_not_taken_for_new_ones(
    data: st.DataObject, limit: int, stop: int
) -> None:
    pool = Chaos(data.draw)
    broken = Engine(pool, numbered(20), Window(limit, limit))
    for (task, _), _ in zip(broken.results(), range(stop)):
        assert task.number < stop
    under_way = list(pool.held)
    broken.stop_feeding()
    pool.cancel()
    pool.answered += [Result(task.number, ["stale"], [0]) for task in under_way]
    engine = Engine(pool, numbered(5, first=100), Window(limit, limit))
    assert [result.outputs for _, result in engine.results()] == [[100 + i] for i in range(5)]


class OneWorker:
    """A pool for a whole flow of numbers, whose worker dies when told to."""

    def __init__(self, size: int, dies_before_answers: set[int]) -> None:
        self.size = size
        self.dies = dies_before_answers
        self.answers = 0
        self.queue: list[Task] = []
        self.at: int | None = None

    def submit(self, task: Task) -> None:
        self.queue.append(task)

    def receive(self) -> Result | Lost:
        self.answers += 1
        if self.answers in self.dies:
            self.at = None
            # The worker has two tasks, the others wait here, in the order they came.
            lost, self.queue = self.queue[:2], self.queue[2:]
            return Lost(0, tuple(task.number for task in lost), "exited with status 1")
        task = self.queue.pop(0)
        if task.opens:
            assert task.begin is None or isinstance(task.begin, int)
            self.at = task.begin or 0
        if self.at is None:
            return Result(task.number, [], [], finished=True)
        numbers = [*range(self.at, min(self.at + task.count, self.size))]
        finished = len(numbers) < task.count
        self.at = None if finished else self.at + task.count
        places = [number + 1 for number in numbers]
        return Result(task.number, numbers, numbers, places=places, finished=finished)

    def cancel(self) -> None:
        self.queue.clear()


@given(st.integers(0, 30), st.integers(1, 4), st.sets(st.integers(1, 12), max_size=4))
def test_a_whole_flow_goes_on_where_it_stood_when_its_worker_died(
    size: int, limit: int, deaths: set[int]
) -> None:
    pool = OneWorker(size, {death for death in deaths if death - 1 not in deaths})
    engine = Engine(pool, ask(DRAWS, count(), lambda: 3, None), Window(limit, limit))
    seen: list[int] = []
    for _, result in engine.results():
        seen += result.outputs
        if result.finished:
            break
    assert seen == [*range(size)]


def test_a_whole_flow_that_kills_two_workers_at_one_place_is_given_up_with_its_positions() -> None:
    pool = OneWorker(30, dies_before_answers={3, 4})
    seen: list[int] = []
    with pytest.raises(WorkerDiedError, match="exited with status 1") as raised:
        for _, result in Engine(pool, ask(DRAWS, count(), lambda: 3, None), Window(2, 2)).results():
            seen += result.outputs
    assert seen == [*range(6)]
    assert raised.value.positions == (6, 7, 8)


class Picky(Chaos):
    def submit(self, task: Task) -> None:
        if task.number == 3:
            raise TypeError("cannot travel")
        super().submit(task)


@given(st.data(), st.integers(1, 6))
def test_a_task_that_cannot_travel_raises_after_the_results_before_it(
    data: st.DataObject, limit: int
) -> None:
    seen = []
    with pytest.raises(TypeError, match="cannot travel"):
        for task, _ in Engine(Picky(data.draw), numbered(9), Window(limit, limit)).results():
            seen.append(task.number)
    assert seen == [0, 1, 2]


class Choosy:
    """A pool that some tasks cannot travel to; answers the others in their order."""

    def __init__(self, refused: Callable[[Task], bool]) -> None:
        self.refused = refused
        self.held: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        if self.refused(task):
            raise NotPicklableError(f"not {[*task.positions]}")
        self.held.append(task)

    def receive(self) -> Result:
        task = self.held.popleft()
        return Result(task.number, [*task.inputs], [*task.positions])

    def cancel(self) -> None:
        self.held.clear()

    def close(self) -> None:
        self.held.clear()


def in_threes(size: int) -> Iterator[Task]:
    for number in range(size):
        positions = range(3 * number, 3 * number + 3)
        yield Task(number, DRAWS, positions, [*positions])


def test_what_cannot_travel_together_travels_alone_and_nothing_is_lost() -> None:
    pool = Choosy(lambda task: 4 in task.positions and len(task.inputs) > 1)
    engine = Engine(pool, in_threes(4), Window(2, 6))
    assert [dp for _, result in engine.results() for dp in result.outputs] == [*range(12)]


def test_what_cannot_travel_at_all_is_a_failure_behind_what_can() -> None:
    engine = Engine(Choosy(lambda task: 4 in task.positions), in_threes(4), Window(2, 6))
    (_, first), (_, second) = engine.results()
    assert [*first.outputs, *second.outputs] == [0, 1, 2, 3]
    assert second.failure is not None
    assert str(second.failure.error) == "not [4]"
