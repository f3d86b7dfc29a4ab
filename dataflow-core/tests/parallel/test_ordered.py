"""Out of order: each datapoint once, with its own draws, and exactly resumable."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator
from itertools import islice
from typing import Any

import pytest
from chaos_backend import ChaosBackend
from hypothesis import given
from hypothesis import strategies as st

import dataflow_core as df
from dataflow_core.parallel import Draws, Task
from dataflow_core.parallel.engine.overtaking import Overtaking, overtaking_limit
from dataflow_core.parallel.runs.progress import Progress
from dataflow_core.testing import canonical

SEED = 23
SIZE = 37

Make = Callable[[], df.DataFlow]


class Squares(df.IndexedDataFlow):
    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int, /) -> Any:
        return [index, df.rng().random()]


def draw(dp: Any) -> Any:
    return [*dp, df.rng().random()]


def drop_some(dp: Any) -> Any:
    return None if dp[0] % 5 == 2 else dp


def drop_batches(dp: Any) -> Any:
    return None if int(dp[0][0]) % 3 == 1 else dp


def numbers() -> df.DataFlow:
    return df.DataFromList([[i] for i in range(SIZE)], shuffle=True)


#: Pipelines whose datapoints are all different.
PIPELINES: dict[str, Make] = {
    "items": lambda: numbers().map(draw),
    "items, some dropped": lambda: numbers().map(drop_some).map(draw),
    "items of an indexed source": lambda: Squares(shuffle=True).map(draw),
    "items of a shard": lambda: Squares(shuffle=True).shard(1, 3).map(draw),
    "items of a generator": lambda: df.DataFromGenerator(lambda: ([i] for i in range(SIZE))).map(
        draw
    ),
    "items over a shuffle": lambda: numbers().map(draw).shuffle(5).map(draw),
    "several passes": lambda: Squares(shuffle=True).repeat(2).map(draw),
    "several passes over drops": lambda: numbers().map(drop_some).map(draw).repeat(2).map(draw),
    "several passes alone": lambda: Squares(shuffle=True).repeat(2),
    "several passes over several": lambda: Squares().repeat(2).repeat(2),
    "several passes over a shard": lambda: Squares(shuffle=True).shard(1, 3).repeat(3),
    "batches": lambda: Squares(shuffle=True).batch(4).map(draw),
    "batches, remainder": lambda: Squares().batch(4, remainder=True).map(draw),
    "batches, some dropped": lambda: Squares(shuffle=True).batch(4).map(drop_batches).map(draw),
    "batches of a shuffle": lambda: numbers().map(draw).shuffle(5).batch(3, remainder=True),
    "batches of several passes": lambda: Squares().repeat(2).batch(5, remainder=True).map(draw),
    "batches of batches": lambda: Squares().batch(2).batch(3, remainder=True).map(draw),
    "batches of drops": lambda: numbers().map(drop_some).map(draw).batch(3, remainder=True),
    "what one worker runs": lambda: df.DataFromGenerator(lambda: ([i] for i in range(SIZE))),
}
IN_ORDER = {"batches of drops", "what one worker runs"}

pipelines = st.sampled_from(sorted(PIPELINES))
orders = st.one_of(st.just(False), st.integers(1, 12), st.just(True))
seeds = st.integers(0, 10_000)
stalled = st.sets(st.integers(0, 12), max_size=3)


def sequential(make: Make, epochs: int = 1) -> list[list[Any]]:
    flow = make()
    flow.reset_state(SEED)
    return [[canonical(dp) for dp in flow] for _ in range(epochs)]


def json_state(flow: df.DataFlow) -> dict[str, object]:
    state: dict[str, object] = json.loads(json.dumps(flow.state_dict()))
    return state


def displacement(seen: list[Any], expected: list[Any]) -> int:
    """Return by how many places the one that is furthest off is early or late."""
    place = {dp: i for i, dp in enumerate(expected)}
    return max((abs(i - place[dp]) for i, dp in enumerate(seen)), default=0)


@given(pipelines, seeds, stalled, st.integers(1, 4), st.integers(0, 3))
def test_each_comes_once_per_epoch_just_as_in_the_sequential_stream(
    name: str, seed: int, stalled: set[int], workers: int, deaths: int
) -> None:
    expected = sequential(PIPELINES[name], 3)
    deaths = 0 if name == "what one worker runs" else deaths
    backend = ChaosBackend(seed, stalled=stalled, deaths=deaths)
    with df.ParallelData(PIPELINES[name](), 1, backend, ordered=False) as flow:
        flow.num_workers = workers
        flow.reset_state(SEED)
        for epoch in expected:
            assert Counter(map(canonical, flow)) == Counter(epoch)


@given(pipelines, seeds, stalled, st.integers(0, 12), st.integers(1, 4))
def test_none_is_further_out_of_place_than_was_allowed(
    name: str, seed: int, stalled: set[int], ordered: int, workers: int
) -> None:
    expected = sequential(PIPELINES[name], 2)
    backend = ChaosBackend(seed, stalled=stalled)
    with df.ParallelData(PIPELINES[name](), 1, backend, ordered=ordered) as flow:
        flow.num_workers = workers
        flow.reset_state(SEED)
        for epoch in expected:
            seen = [canonical(dp) for dp in flow]
            assert sorted(seen) == sorted(epoch)
            if "dropped" not in name:
                # Places are counted in what goes in; what is dropped only brings others closer.
                assert displacement(seen, epoch) <= ordered


@given(
    pipelines,
    st.integers(1, 6),
    st.lists(st.tuples(seeds, stalled, st.integers(0, 20)), min_size=1, max_size=3),
)
def test_nor_is_it_after_the_run_was_resumed(
    name: str, ordered: int, legs: list[tuple[int, set[int], int]]
) -> None:
    (expected,) = sequential(PIPELINES[name])
    seen: list[Any] = []
    state = None
    for seed, held, stop in [*legs, (0, set(), len(expected))]:
        backend = ChaosBackend(seed, stalled=held)
        with df.ParallelData(PIPELINES[name](), 1, backend, ordered=ordered) as flow:
            flow.num_workers = 3
            if state is None:
                flow.reset_state(SEED)
            else:
                flow.load_state_dict(state)
            seen += map(canonical, islice(flow, min(stop, len(expected) - len(seen))))
            state = json_state(flow)
    assert sorted(seen) == sorted(expected)
    if "dropped" not in name:
        assert displacement(seen, expected) <= ordered


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_the_order_does_change_where_it_may(name: str) -> None:
    (expected,) = sequential(PIPELINES[name])
    orders = []
    for seed in range(4):
        backend = ChaosBackend(seed, stalled={0})
        with df.ParallelData(PIPELINES[name](), 1, backend, ordered=False) as flow:
            flow.num_workers = 3
            flow.reset_state(SEED)
            orders.append([canonical(dp) for dp in flow])
    assert all(order == expected for order in orders) == (name in IN_ORDER)
    if name not in IN_ORDER and "dropped" not in name and name != "batches of a shuffle":
        assert {order[-1] for order in orders} == {expected[0]}


@given(
    pipelines,
    st.lists(st.tuples(orders, seeds, stalled, st.integers(0, 30)), min_size=1, max_size=3),
)
def test_a_state_holds_exactly_the_rest_however_often_it_is_taken(
    name: str, legs: list[tuple[Any, int, set[int], int]]
) -> None:
    first, second = sequential(PIPELINES[name], 2)
    left, state = Counter(first), None
    for ordered, seed, held, stop in legs:
        backend = ChaosBackend(seed, stalled=held)
        with df.ParallelData(PIPELINES[name](), 1, backend, ordered=ordered) as flow:
            flow.num_workers = 3
            if state is None:
                flow.reset_state(SEED)
            else:
                flow.load_state_dict(state)
            reading = iter(flow)
            for _, dp in zip(range(min(stop, sum(left.values()))), reading):
                seen = canonical(dp)
                assert left[seen] > 0, "came twice"
                left[seen] -= 1
            state = json_state(flow)
        rest = PIPELINES[name]()
        rest.load_state_dict(state)
        assert Counter(map(canonical, rest)) == +left
        assert [canonical(dp) for dp in rest] == second


@given(pipelines, seeds, stalled, st.integers(0, 40), st.integers(0, 40))
def test_a_sequential_flow_that_goes_on_can_be_resumed_itself(
    name: str, seed: int, stalled: set[int], stop: int, further: int
) -> None:
    (first,) = sequential(PIPELINES[name])
    left = Counter(first)
    backend = ChaosBackend(seed, stalled=stalled)
    with df.ParallelData(PIPELINES[name](), 1, backend, ordered=False) as flow:
        flow.num_workers = 3
        flow.reset_state(SEED)
        left -= Counter(canonical(dp) for _, dp in zip(range(min(stop, len(first))), flow))
        state = json_state(flow)
    middle = PIPELINES[name]()
    middle.load_state_dict(state)
    left_over = sum(left.values())
    left -= Counter(canonical(dp) for _, dp in zip(range(min(further, left_over)), middle))
    rest = PIPELINES[name]()
    rest.load_state_dict(json_state(middle))
    assert Counter(map(canonical, rest)) == left


@pytest.mark.parametrize("backend", ["thread", "process"])
@pytest.mark.parametrize("name", ["items, some dropped", "batches, remainder"])
@pytest.mark.parametrize("ordered", [False, 3])
def test_real_workers_resume_one_another(backend: str, name: str, ordered: Any) -> None:
    first, second = sequential(PIPELINES[name], 2)
    left = Counter(first)
    with PIPELINES[name]().parallel(3, backend, ordered=ordered) as flow:
        flow.reset_state(SEED)
        left -= Counter(canonical(dp) for _, dp in zip(range(5), flow))
        state = json_state(flow)
    with PIPELINES[name]().parallel(2, "thread", ordered=False) as other:
        other.load_state_dict(state)
        left -= Counter(canonical(dp) for _, dp in zip(range(2), other))
        state = json_state(other)
    with PIPELINES[name]().parallel(1, backend) as last:
        last.load_state_dict(state)
        assert Counter(map(canonical, last)) == left
        assert [canonical(dp) for dp in last] == second


def test_a_slow_datapoint_holds_up_no_others() -> None:
    go_on = threading.Event()

    def wait(dp: Any) -> Any:
        if dp[0] == 0:
            go_on.wait(30)
        return dp

    flow = df.DataFromList([[i] for i in range(100)], shuffle=False).map(wait)
    seen = []
    with flow.parallel(2, "thread", ordered=False) as parallel:
        for (number,) in parallel:
            seen.append(number)
            if len(seen) == 99:
                go_on.set()
    assert seen == [*range(1, 100), 0]


def test_after_an_exception_the_state_holds_all_that_was_not_delivered() -> None:
    (first,) = sequential(PIPELINES["items"])

    def make(broken: bool) -> df.DataFlow:
        def draw_or_fail(dp: Any) -> Any:
            if broken and dp[0] == 20:
                raise ValueError
            return draw(dp)

        return numbers().map(draw_or_fail)

    left = Counter(first)
    with df.ParallelData(make(True), 1, ChaosBackend(5), ordered=False) as flow:
        flow.num_workers = 3
        flow.reset_state(SEED)
        with pytest.raises(ValueError):  # noqa: PT011
            for dp in flow:
                left -= Counter([canonical(dp)])
        state = json_state(flow)
    rest = make(False)
    rest.load_state_dict(state)
    assert Counter(map(canonical, rest)) == left


def test_a_state_out_of_order_is_refused_where_batches_might_shift() -> None:
    make = PIPELINES["batches"]
    with df.ParallelData(make(), 1, ChaosBackend(3, stalled={1}), ordered=False) as flow:
        flow.num_workers = 3
        reading = iter(flow)
        for _ in range(4):
            next(reading)
        state = json_state(flow)
    with make().parallel(1, on_error="skip") as other:
        other.load_state_dict(state)
        with pytest.raises(df.StateError, match="out of order"):
            list(other)


def test_closing_in_the_middle_keeps_the_place() -> None:
    (first,) = sequential(PIPELINES["items"])
    left = Counter(first)
    with df.ParallelData(PIPELINES["items"](), 1, ChaosBackend(5), ordered=False) as flow:
        flow.num_workers = 3
        flow.reset_state(SEED)
        reading = iter(flow)
        left -= Counter(canonical(next(reading)) for _ in range(9))
        flow.close()
        rest = PIPELINES["items"]()
        rest.load_state_dict(json_state(flow))
        assert Counter(map(canonical, rest)) == left


def task(number: int, size: int = 1) -> Task:
    first = 10 * number
    positions = [*range(first, first + size)]
    return Task(number, Draws(1, 0), positions, positions, group=number, begin=first)


class TestOvertaking:
    def test_what_ordered_says(self) -> None:
        assert overtaking_limit(True) == 0
        assert overtaking_limit(False) == float("inf")
        assert overtaking_limit(7) == 7

    def test_without_allowance_only_the_first_may_go(self) -> None:
        tasks = [task(0), task(1)]
        assert Overtaking(0).choose(tasks, {1}) is None
        assert Overtaking(0).choose(tasks, {0, 1}) is tasks[0]

    @given(
        st.integers(0, 9),
        st.lists(st.integers(1, 5), min_size=1, max_size=12),
        st.randoms(use_true_random=False),
    )
    def test_no_datapoint_comes_too_early_or_too_late(
        self, limit: int, sizes: list[int], random: Any
    ) -> None:
        sizes = [min(size, max(1, limit)) for size in sizes]
        tasks = [task(number, size) for number, size in enumerate(sizes)]
        expected = [position for each in tasks for position in each.positions]
        overtaking, waiting, arrived, seen = Overtaking(limit), list(tasks), set[int](), []
        order = random.sample(range(len(tasks)), len(tasks))
        while waiting:
            while (chosen := overtaking.choose(waiting, arrived)) is None:
                arrived.add(order.pop())
            overtaking.hand_out(chosen, waiting)
            waiting.remove(chosen)
            seen += chosen.positions
        assert displacement(seen, expected) <= limit


def some_tasks(count: int) -> Generator[Task, None, None]:
    yield from (task(number, 2) for number in range(count))


class TestProgress:
    def test_forgets_what_is_below_the_mark(self) -> None:
        progress = Progress()
        made = [*progress.noting(some_tasks(5))]
        assert progress.oldest() is made[0]
        for number in (3, 1):
            progress.finish(made[number])
        assert progress.done_positions(None, 0) == [[10, 11], [30, 31]]
        assert progress.done_groups() == [[1, 1], [3, 3]]
        assert progress.done_positions(made[2], 1) == [[10, 11], [20, 20], [30, 31]]
        progress.finish(made[0])
        assert progress.oldest() is made[2]
        assert progress.done_positions(None, 0) == [[30, 31]]
        progress.finish(made[2])
        assert (progress.oldest(), progress.oldest(made[4])) == (made[4], None)
        progress.finish(made[4])
        assert progress.oldest() is None
        last = progress.last()
        assert last is not None
        assert last.number == 4

    def test_holds_on_to_no_datapoints(self) -> None:
        progress = Progress()
        first, second = progress.noting(some_tasks(2))
        progress.finish(second)
        last = progress.last()
        assert last is not None
        assert (last.positions, [*last.inputs]) == ([10, 11], [])
        assert [*second.inputs] == [10, 11]
        assert progress.oldest() is first

    def test_of_nothing_is_nothing(self) -> None:
        progress = Progress()
        assert (progress.oldest(), progress.last(), progress.done_groups()) == (None, None, [])


def unchanged(dp: Any) -> Any:
    return dp


@pytest.mark.parametrize("ordered", [True, False, 2])
def test_a_state_taken_above_a_grouping_goes_on_where_the_grouping_has_workers(
    ordered: Any,
) -> None:
    def batches() -> df.DataFlow:
        return df.DataFromList([[n] for n in range(6)], shuffle=False).batch(2)

    above = batches().parallel(1, "inline").map(unchanged).parallel(1, "inline", ordered=False)
    with above:
        above.reset_state(SEED)
        for taken, _ in enumerate(above, 1):
            with batches().map(unchanged).parallel(2, "thread", ordered=ordered) as flow:
                flow.load_state_dict(above.state_dict())
                left = sorted(int(n) for (batch,) in flow for n in batch)
            assert left == [*range(2 * taken, 6)]
