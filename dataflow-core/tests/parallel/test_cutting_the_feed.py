"""How inputs become tasks: chunk, window and feed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.flow.run import Run
from dataflow_core.parallel.engine.window import (
    LEAST_EACH,
    SPARE_TASKS,
    TURN_SECONDS,
    WAITS_AGAIN,
    Window,
)
from dataflow_core.parallel.planning import feed
from dataflow_core.parallel.planning.chunk import (
    LARGE_BYTES,
    LARGEST,
    TARGET_BYTES,
    ChunkSize,
)
from dataflow_core.parallel.planning.feed import ask, cut, place_after
from dataflow_core.parallel.task import TARGET_SECONDS, Draws

DRAWS = Draws(1, 0)


class Counting(Run):
    """Hands out 0, 2, 4, ...; positions are half of that."""

    def __init__(self, size: int, fails: bool = False, start: int = 0) -> None:
        super().__init__(start)
        self.size, self.fails, self.start = size, fails, start

    def __iter__(self) -> Iterator[Any]:
        for self.position in range(self.start, self.size):
            yield 2 * self.position
        if self.fails:
            raise LookupError("the feed is broken")


class Slow(Counting):
    """Takes its time for each input."""

    def __init__(self, size: int, clock: Clock) -> None:
        super().__init__(size)
        self.clock = clock

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.clock.seconds += TARGET_SECONDS / 10
            yield item


class Fed(Counting):
    """Knows that after every third input the next one is not there yet."""

    def idle(self) -> bool:
        return self.position % 3 == 2


class Clock:
    seconds = 0.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock by which tasks are cut."""
    clock = Clock()
    monkeypatch.setattr(feed, "perf_counter", lambda: clock.seconds)
    return clock


class Placed(Counting):
    """A run whose place is more than a position."""

    def place(self) -> Any:
        return {"position": self.position + 1, "ds": 10 * (self.position + 1)}


@given(
    st.integers(0, 40),
    st.lists(st.integers(1, 7), min_size=1),
    st.integers(0, 5),
    st.integers(1, 4),
)
def test_every_input_is_in_one_task_in_order_with_its_position(
    size: int, groups: list[int], first_group: int, members: int
) -> None:
    wanted = cycle(groups)
    tasks = [
        *cut(
            Counting(size),
            DRAWS,
            count(100),
            lambda: members * next(wanted),
            first_group,
            members=members,
        )
    ]
    assert [item for task in tasks for item in task.inputs] == [2 * i for i in range(size)]
    assert [position for task in tasks for position in task.positions] == [*range(size)]
    assert [task.number for task in tasks] == [*range(100, 100 + len(tasks))]
    for task in tasks:
        assert task.group == first_group + task.positions[0] // members
    assert all(len(t.inputs) == members * want for t, want in zip(tasks[:-1], cycle(groups)))
    assert all(task.begin == task.positions[0] for task in tasks)


@pytest.mark.parametrize("size", [0, 1, 4, 5])
def test_an_error_of_the_feed_comes_after_the_task_of_what_came_before(size: int) -> None:
    tasks = cut(Counting(size, fails=True), DRAWS, count(), lambda: 4)
    seen = []
    with pytest.raises(LookupError):
        for task in tasks:
            seen += task.positions
    assert seen == [*range(size)]


@pytest.mark.parametrize("kind", [Counting, Placed])
def test_a_place_after_an_input_is_where_the_run_would_go_on(kind: type[Counting]) -> None:
    run, ahead = kind(11), kind(11)
    places = []
    for _ in run:
        places.append(run.place())
    tasks = [*cut(ahead, DRAWS, count(), lambda: 4)]
    found = [place_after(ahead, task, i) for task in tasks for i in range(len(task.inputs))]
    assert found == places


@pytest.mark.parametrize("members", [1, 3, 40])
def test_inputs_that_are_slow_to_come_are_not_kept_for_a_whole_task(
    members: int, clock: Clock
) -> None:
    tasks = [*cut(Slow(400, clock), DRAWS, count(), lambda: 120, members=members)]
    assert [item for task in tasks for item in task.inputs] == [2 * i for i in range(400)]
    sizes = [len(task.inputs) for task in tasks]
    assert all(size % members == 0 for size in sizes[:-1])
    assert max(sizes) < max(members + 1, 20)


def test_what_is_there_is_not_kept_until_more_comes() -> None:
    tasks = [*cut(Fed(10), DRAWS, count(), lambda: 8)]
    assert [len(task.inputs) for task in tasks] == [3, 3, 3, 1]


def test_closing_the_tasks_closes_what_they_are_made_of() -> None:
    ends = []

    class Ending(Counting):
        def __iter__(self) -> Iterator[Any]:
            try:
                yield from super().__iter__()
            finally:
                ends.append(self.position)

    tasks = cut(Ending(9), DRAWS, count(), lambda: 2)
    kept = next(tasks)
    tasks.close()
    assert ends == [1]
    assert kept.inputs == [0, 2]


def test_a_whole_flow_is_opened_once_and_then_asked_for_more() -> None:
    sizes = iter([1, 2, 4])
    asked = ask(DRAWS, count(5), lambda: next(sizes), {"position": 3})
    first, second, third = next(asked), next(asked), next(asked)
    assert (first.opens, first.begin, first.count) == (True, {"position": 3}, 1)
    assert [(task.opens, task.begin) for task in (second, third)] == [(False, None)] * 2
    assert [task.number for task in (first, second, third)] == [5, 6, 7]
    assert [task.count for task in (second, third)] == [2, 4]


@given(
    st.integers(1, 5000), st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 10)), max_size=30)
)
def test_a_chunk_stays_between_one_and_its_limit_and_at_most_doubles(
    limit: int, observed: list[tuple[int, float]]
) -> None:
    chunk = ChunkSize(limit)
    before = chunk()
    assert before == 1
    for inputs, seconds in observed:
        chunk.learn(inputs, seconds)
        assert 1 <= chunk() <= min(limit, LARGEST, max(2 * before, 1))
        before = chunk()


def test_a_chunk_grows_for_quick_datapoints_and_is_one_for_slow_ones() -> None:
    chunk = ChunkSize(1 << 30)
    for _ in range(20):
        chunk.learn(chunk(), chunk() * TARGET_SECONDS / 100)
    assert 90 <= chunk() <= 110
    chunk.learn(chunk(), 100 * TARGET_SECONDS * chunk())
    assert chunk() == 1


class Heavy:
    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes

    def weight(self) -> int:
        return self.nbytes


def test_large_datapoints_may_take_longer_as_they_keep_no_memory_of_others() -> None:
    each, sizes = TARGET_SECONDS / 10, []
    for nbytes in (LARGE_BYTES - 1, LARGE_BYTES):
        chunk = ChunkSize(1 << 30)
        for _ in range(20):
            chunk.learn(chunk(), chunk() * each, Heavy(chunk() * nbytes))
        sizes.append(chunk())
    assert sizes[0] == pytest.approx(10, abs=1)
    assert sizes[1] == pytest.approx(20, abs=1)


def test_a_chunk_does_not_grow_beyond_what_memory_it_may_take() -> None:
    chunk = ChunkSize(1 << 30)
    for _ in range(20):
        chunk.learn(chunk(), 0.0, Heavy(chunk() * TARGET_BYTES // 10))
    assert chunk() == 10
    chunk.learn(chunk(), 0.0, Heavy(chunk() * TARGET_BYTES), Heavy(chunk() * TARGET_BYTES))
    assert chunk() == 1


@given(st.integers(1, 64), st.integers(1, 300))
def test_a_window_never_allows_more_datapoints_than_asked_for(
    workers: int, max_in_flight: int
) -> None:
    bounds = Window(workers, max_in_flight)
    bounds.learn(1e-4)
    assert 1 <= bounds.tasks <= workers + SPARE_TASKS
    assert 1 <= bounds.tasks * bounds.largest_task <= max_in_flight


def test_without_a_bound_there_are_tasks_for_every_worker_and_some_to_spare() -> None:
    bounds = Window(4)
    assert bounds.tasks == 4 + SPARE_TASKS
    bounds.learn(10 * TURN_SECONDS)
    assert bounds.tasks == 4 + SPARE_TASKS


def test_of_short_tasks_there_are_more_and_a_long_one_is_remembered() -> None:
    bounds = Window(4)
    bounds.learn(TURN_SECONDS / 100)
    assert bounds.tasks == 4 * (LEAST_EACH + 1) + SPARE_TASKS
    bounds.learn(0.7 * TURN_SECONDS)
    assert bounds.tasks == 4 * 2 + SPARE_TASKS
    bounds.learn(TURN_SECONDS)
    bounds.learn(TURN_SECONDS / 100)
    assert bounds.tasks == 4 * 2 + SPARE_TASKS
    for _ in range(40):
        bounds.learn(TURN_SECONDS / 100)
    assert bounds.tasks == 4 * (LEAST_EACH + 1) + SPARE_TASKS


def test_a_consumer_that_never_waits_has_fewer_tasks_under_way() -> None:
    bounds = Window(4)
    bounds.learn(TURN_SECONDS / 100)
    for _ in range(WAITS_AGAIN - 1):
        bounds.handed_out(waited=False)
    assert bounds.tasks == 4 * (LEAST_EACH + 1) + SPARE_TASKS
    bounds.handed_out(waited=False)
    assert bounds.tasks == 4 + SPARE_TASKS
    bounds.handed_out(waited=True)
    assert bounds.tasks == 4 * (LEAST_EACH + 1) + SPARE_TASKS
