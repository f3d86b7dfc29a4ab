"""Random pipelines with `.parallel()` put in anywhere are what they were without it.

`DATAFLOW_EXAMPLES` says how many pipelines are drawn; a tenth of them for worker processes.
"""

from __future__ import annotations

import itertools
import json
import os
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipelines import Boom, F, Recipe, blow_at, canonical, outcome, pipelines

import dataflow_core as df
from dataflow_core.parallel.planning.chunk import ChunkSize

SEED = 2**40 + 3
EXAMPLES = int(os.environ.get("DATAFLOW_EXAMPLES", "100"))

#: Backends whose workers are processes.
PROCESSES = ["process", "zmq"]

many = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
few = settings(many, max_examples=max(1, EXAMPLES // 10))


@pytest.fixture(autouse=True)
def _workers_may_idle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.fixture(autouse=True)
def _tasks_of_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks be as large as quick ones become in the middle of a long epoch, and uneven."""
    sizes = itertools.cycle([1, 3, 2, 5])
    monkeypatch.setattr(ChunkSize, "__call__", lambda self: min(next(sizes), self._limit))


def upstreams_of(flow: df.DataFlow) -> list[tuple[Callable[[df.DataFlow], None], df.DataFlow]]:
    """Return every upstream in the tree of `flow`, with what replaces it."""
    found: list[tuple[Callable[[df.DataFlow], None], df.DataFlow]] = []
    for holder, key, value in _places(flow):
        found.append((lambda new, h=holder, k=key: _put(h, k, new), value))  # type: ignore[misc]
        found += upstreams_of(value)
    return found


def _places(flow: df.DataFlow) -> list[tuple[Any, Any, df.DataFlow]]:
    places: list[tuple[Any, Any, df.DataFlow]] = []
    for name, value in vars(flow).items():
        if isinstance(value, df.DataFlow):
            places.append((flow, name, value))
        elif isinstance(value, list):
            places += [
                (value, index, item)
                for index, item in enumerate(value)
                if isinstance(item, df.DataFlow)
            ]
    return places


def _put(holder: Any, key: Any, new: df.DataFlow) -> None:
    if isinstance(holder, list):
        holder[key] = new
    else:
        setattr(holder, key, new)


#: Where to put a `.parallel()`: which stage (counted modulo their number), how many workers.
sites = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3)), min_size=1, max_size=2)
Sites = list[tuple[int, int]]


def in_parallel(recipe: Recipe, sites: Sites, backend: str, **options: Any) -> df.DataFlow:
    """Build a pipeline and put `.parallel()` over the last stage and over some inside it.

    Those inside it keep the defaults; `options` are for the outermost.
    """
    flow = recipe()
    (_, outermost), *inner = sites
    for where, workers in inner:
        upstreams = upstreams_of(flow)
        if upstreams:
            put, upstream = upstreams[where % len(upstreams)]
            put(upstream.parallel(workers, backend))
    return flow.parallel(outermost, backend, **options)


def expected_epochs(recipe: Recipe, count: int) -> list[list[tuple[Any, ...]]]:
    flow = recipe()
    flow.reset_state(SEED)
    return [outcome(flow) for _ in range(count)]


def states_of(flow: df.DataFlow) -> list[dict[str, Any]]:
    """Return the state before every datapoint of an epoch, as JSON brings it back."""
    states = [json.loads(json.dumps(flow.state_dict()))]
    try:
        for _ in flow:
            states.append(json.loads(json.dumps(flow.state_dict())))
    except df.DataFlowError:
        pass  # It belongs to the stream; what came before has states.
    return states


def check_stream(recipe: Recipe, sites: Sites, backend: str) -> None:
    expected = expected_epochs(recipe, 3)
    with in_parallel(recipe, sites, backend) as flow:
        flow.reset_state(SEED)
        assert [outcome(flow) for _ in range(3)] == expected
        flow.set_epoch(1)
        assert outcome(flow) == expected[1]


def check_resume(
    recipe: Recipe, sites: Sites, backend: str, others: Sites, other: str, position: int
) -> None:
    first, second = expected_epochs(recipe, 2)
    with in_parallel(recipe, sites, backend) as flow, in_parallel(recipe, others, other) as onto:
        flow.reset_state(SEED)
        states = states_of(flow)
        delivered = len([item for item in first if item[0] != "raised"])
        assert len(states) == delivered + 1
        position %= len(states)
        for resumed in (onto, recipe()):
            resumed.load_state_dict(states[position])
            assert outcome(resumed) == first[position:]
            assert outcome(resumed) == second


@many
@given(pipelines(), sites, st.sampled_from(["inline", "thread"]))
def test_the_stream_in_this_process_is_the_sequential_one(
    recipe: Recipe, sites: Sites, backend: str
) -> None:
    check_stream(recipe, sites, backend)


@few
@given(pipelines(), sites, st.sampled_from(PROCESSES))
def test_the_stream_of_processes_is_the_sequential_one(
    recipe: Recipe, sites: Sites, backend: str
) -> None:
    check_stream(recipe, sites, backend)


@many
@given(
    *(pipelines(), sites, st.sampled_from(["inline", "thread"])),
    *(sites, st.sampled_from(["inline", "thread"]), st.integers(0, 60)),
)
def test_the_rest_in_this_process_is_the_sequential_one(
    recipe: Recipe, sites: Sites, backend: str, others: Sites, other: str, position: int
) -> None:
    check_resume(recipe, sites, backend, others, other, position)


@few
@given(
    *(pipelines(), sites, st.sampled_from(PROCESSES)),
    *(sites, st.sampled_from(["inline", "thread"]), st.integers(0, 60)),
)
def test_the_rest_of_a_stream_of_processes_is_the_sequential_one(
    recipe: Recipe, sites: Sites, backend: str, others: Sites, other: str, position: int
) -> None:
    check_resume(recipe, sites, backend, others, other, position)


@few
@given(
    *(pipelines(), sites, st.sampled_from(["inline", "thread"])),
    *(sites, st.sampled_from(PROCESSES), st.integers(0, 60)),
)
def test_processes_go_on_with_the_rest(
    recipe: Recipe, sites: Sites, backend: str, others: Sites, other: str, position: int
) -> None:
    check_resume(recipe, sites, backend, others, other, position)


orders = st.one_of(st.just(False), st.integers(1, 9))


def counted(items: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter(item for item in items if item[0] != "raised")


def check_any_order(
    recipe: Recipe, sites: Sites, backend: str, ordered: Any, other: str, position: int
) -> None:
    """Check that each datapoint comes once, and that a state in the middle holds the rest."""
    epochs = expected_epochs(recipe, 3)
    if any(item[0] == "raised" for epoch in epochs for item in epoch):
        return  # What comes before an error depends on the order.
    first, second, third = map(counted, epochs)
    with in_parallel(recipe, sites, backend, ordered=ordered) as flow:
        flow.reset_state(SEED)
        position %= len(epochs[0]) + 1
        seen = counted([canonical(dp) for _, dp in zip(range(position), flow)])
        state = json.loads(json.dumps(flow.state_dict()))
        assert counted(outcome(flow)) == (second if position else first)
        for resumed in (
            recipe(),
            in_parallel(recipe, sites[:1], other, ordered=ordered),
            in_parallel(recipe, sites[:1], other),
        ):
            with resumed:
                resumed.load_state_dict(state)
                assert seen + counted(outcome(resumed)) == first
                assert counted(outcome(resumed)) == second
                assert counted(outcome(resumed)) == third


@many
@given(
    *(pipelines(), sites, st.sampled_from(["inline", "thread"]), orders),
    *(st.sampled_from(["inline", "thread"]), st.integers(0, 60)),
)
def test_out_of_order_each_datapoint_comes_once(
    recipe: Recipe, sites: Sites, backend: str, ordered: Any, other: str, position: int
) -> None:
    check_any_order(recipe, sites, backend, ordered, other, position)


@few
@given(
    *(pipelines(), sites, st.sampled_from(PROCESSES), orders),
    *(st.sampled_from(["inline", "thread"]), st.integers(0, 60)),
)
def test_out_of_order_processes_hand_out_each_datapoint_once(
    recipe: Recipe, sites: Sites, backend: str, ordered: Any, other: str, position: int
) -> None:
    check_any_order(recipe, sites, backend, ordered, other, position)


def fail_if_marked(dp: Any) -> Any:
    if F["digest"](dp) % 3 == 1:
        raise Boom
    return dp


def drop_if_marked(dp: Any) -> Any:
    return None if F["digest"](dp) % 3 == 1 else dp


@many
@given(
    *(pipelines(), sites, st.sampled_from(["inline", "thread"])),
    *(st.sampled_from([0, 1, 3]), st.integers(0, 60)),
)
def test_what_fails_is_left_out_as_if_it_had_been_dropped(
    recipe: Recipe, sites: Sites, backend: str, size: int, position: int
) -> None:
    def pipeline(func: Callable[[Any], Any]) -> Recipe:
        mapped = recipe.then("map", func)
        if not size:
            return mapped
        return mapped.then("batch", size, remainder=True, use_list=True).then("map", F["add_draw"])

    expected, following = expected_epochs(pipeline(drop_if_marked), 2)
    failing = pipeline(fail_if_marked)
    with (
        in_parallel(failing, sites[:1], backend, on_error="skip") as flow,
        in_parallel(failing, sites[:1], "inline", on_error="skip") as onto,
    ):
        flow.reset_state(SEED)
        states = states_of(flow)
        flow.reset_state(SEED)
        assert outcome(flow) == expected
        stats = flow.stats()
        assert outcome(flow) == following
        position %= len(states)
        onto.load_state_dict(states[position])
        assert outcome(onto) == expected[position:]
        assert outcome(onto) == following
    if all(item[0] != "raised" for item in expected):
        gone = stats["datapoints_out"] + stats["dropped"] + stats["skipped"]
        assert stats["datapoints_in"] == gone


@many
@given(pipelines(), sites, st.sampled_from(["inline", "thread"]), st.integers(0, 40))
def test_after_an_exception_the_state_points_at_the_failing_datapoint(
    recipe: Recipe, sites: Sites, backend: str, call: int
) -> None:
    first, second = expected_epochs(recipe, 2)
    with in_parallel(recipe, sites, backend) as flow:
        flow.reset_state(SEED)
        seen: list[tuple[Any, ...]] = []
        failed = False
        with blow_at(call):
            try:
                seen.extend(map(canonical, flow))
            except Boom:
                failed = True
            except df.DataFlowError as error:
                seen.append(("raised", type(error).__name__))
            state = json.loads(json.dumps(flow.state_dict()))
            # Workers may be ahead of what was delivered; they are to blow no more.
            flow.close()
        if not failed:
            return
        resumed = recipe()
        resumed.load_state_dict(state)
        assert seen == first[: len(seen)]
        assert outcome(resumed) == first[len(seen) :]
        assert outcome(resumed) == second
        assert outcome(flow) == second
