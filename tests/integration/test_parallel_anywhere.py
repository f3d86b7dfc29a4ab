"""Random pipelines with `.parallel()` put in anywhere are what they were without it.

`DATAFLOW_EXAMPLES` says how many pipelines are drawn; a tenth of them for worker processes.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipelines import Boom, Recipe, blow_at, canonical, outcome, pipelines

import dataflow_core as df

SEED = 2**40 + 3
EXAMPLES = int(os.environ.get("DATAFLOW_EXAMPLES", "100"))

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


def in_parallel(recipe: Recipe, sites: Sites, backend: str) -> df.DataFlow:
    """Build a pipeline and put `.parallel()` over the last stage and over some inside it."""
    flow = recipe()
    (_, outermost), *inner = sites
    for where, workers in inner:
        upstreams = upstreams_of(flow)
        if upstreams:
            put, upstream = upstreams[where % len(upstreams)]
            put(upstream.parallel(workers, backend))
    return flow.parallel(outermost, backend)


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
@given(pipelines(), sites)
def test_the_stream_of_processes_is_the_sequential_one(recipe: Recipe, sites: Sites) -> None:
    check_stream(recipe, sites, "zmq")


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
@given(pipelines(), sites, sites, st.sampled_from(["inline", "thread"]), st.integers(0, 60))
def test_the_rest_of_a_stream_of_processes_is_the_sequential_one(
    recipe: Recipe, sites: Sites, others: Sites, other: str, position: int
) -> None:
    check_resume(recipe, sites, "zmq", others, other, position)


@few
@given(pipelines(), sites, sites, st.sampled_from(["inline", "thread"]), st.integers(0, 60))
def test_processes_go_on_with_the_rest(
    recipe: Recipe, sites: Sites, others: Sites, backend: str, position: int
) -> None:
    check_resume(recipe, sites, backend, others, "zmq", position)


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
