"""What holds for every pipeline: determinism, epochs, and resume at every position."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipelines import Boom, Recipe, blow_at, canonical, outcome, pipelines

import dataflow_core as df

SEED = 2**63 + 11


def seeded_flow(recipe: Recipe) -> df.DataFlow:
    flow = recipe()
    flow.reset_state(SEED)
    return flow


def round_trip(state: dict[str, object]) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(json.dumps(state, allow_nan=False))
    return loaded


def epochs(recipe: Recipe, count: int) -> list[list[tuple[Any, ...]]]:
    flow = seeded_flow(recipe)
    return [outcome(flow) for _ in range(count)]


@settings(max_examples=150)
@given(pipelines())
def test_the_same_seed_gives_the_same_epochs_in_every_flow_and_after_every_reset(
    recipe: Recipe,
) -> None:
    expected = epochs(recipe, 3)
    flow = seeded_flow(recipe)
    assert [outcome(flow) for _ in range(3)] == expected
    flow.reset_state(SEED)
    assert [outcome(flow) for _ in range(3)] == expected


@settings(max_examples=150)
@given(pipelines())
def test_an_epoch_does_not_depend_on_the_ones_iterated_before(recipe: Recipe) -> None:
    expected = epochs(recipe, 3)
    flow = recipe()
    for epoch in (2, 0, 1):
        flow.reset_state(SEED)
        flow.set_epoch(epoch)
        assert outcome(flow) == expected[epoch]
    for epoch in (2, 0, 1):
        flow.set_epoch(epoch)
        assert outcome(flow) == expected[epoch]


@settings(max_examples=150)
@given(pipelines(), st.integers(0, 12))
def test_an_epoch_broken_off_is_over_and_the_next_one_is_whole(recipe: Recipe, stop: int) -> None:
    expected = epochs(recipe, 3)
    flow = seeded_flow(recipe)
    started = iter(flow)
    assert outcome(islice(started, stop + 1)) == expected[0][: stop + 1]
    flow.close()
    assert outcome(flow) == expected[1]
    assert outcome(flow) == expected[2]


@settings(max_examples=200)
@given(pipelines(), st.integers(0, 2))
def test_a_state_of_any_position_continues_with_the_very_next_datapoint(
    recipe: Recipe, epoch: int
) -> None:
    expected = epochs(recipe, epoch + 2)
    flow = seeded_flow(recipe)
    for _ in range(epoch):
        outcome(flow)
    if flow.state_dict()["epoch"] != epoch:  # one of them ended in an error, and may be resumed
        flow.set_epoch(epoch)
    states = [round_trip(flow.state_dict())]
    try:
        for _ in flow:
            states.append(round_trip(flow.state_dict()))
    except df.EmptyDataFlowError:
        pass
    delivered = [item for item in expected[epoch] if item[0] != "raised"]
    assert len(states) == len(delivered) + 1
    for position, state in enumerate(states):
        resumed = recipe()
        resumed.load_state_dict(state)
        assert resumed.state_dict() == state
        assert outcome(resumed) == expected[epoch][position:]
        assert outcome(resumed) == expected[epoch + 1]


@settings(max_examples=100)
@given(pipelines(), st.data())
def test_a_resumed_flow_can_be_resumed_again_and_the_old_flow_can_load_too(
    recipe: Recipe, data: st.DataObject
) -> None:
    first, second = epochs(recipe, 2)
    flow = seeded_flow(recipe)
    position = 0
    for _ in range(3):
        step = data.draw(st.integers(0, 3))
        taken = outcome(islice(iter(flow), step)) if step else []
        assert taken == first[position : position + step]
        position += len([item for item in taken if item[0] != "raised"])
        flow.load_state_dict(round_trip(flow.state_dict())) if step <= len(taken) else None
        if step > len(taken) or (taken and taken[-1][0] == "raised"):
            return
    assert outcome(flow) == first[position:]
    assert outcome(flow) == second


@settings(max_examples=200)
@given(pipelines(), st.integers(0, 40), st.integers(0, 1))
def test_after_an_exception_in_a_function_the_state_points_at_the_failing_datapoint(
    recipe: Recipe, call: int, epoch: int
) -> None:
    expected = epochs(recipe, epoch + 2)
    flow = seeded_flow(recipe)
    for _ in range(epoch):
        outcome(flow)
    seen: list[tuple[Any, ...]] = []
    failed = False
    with blow_at(call):
        try:
            for dp in flow:
                seen.append(canonical(dp))
        except Boom:
            failed = True
        except df.EmptyDataFlowError:
            seen.append(("raised", "EmptyDataFlowError"))
    if not failed:
        assert seen == expected[epoch]
        return
    assert seen == expected[epoch][: len(seen)]
    resumed = recipe()
    resumed.load_state_dict(round_trip(flow.state_dict()))
    assert outcome(resumed) == expected[epoch][len(seen) :]
    assert outcome(resumed) == expected[epoch + 1]
    assert outcome(flow) == expected[epoch + 1], "the flow that failed goes on with the next epoch"


@settings(max_examples=60)
@given(pipelines())
def test_asking_for_states_and_texts_does_not_disturb_the_stream(recipe: Recipe) -> None:
    (expected,) = epochs(recipe, 1)
    flow = seeded_flow(recipe)
    seen = []
    try:
        for dp in flow:
            seen.append(canonical(dp))
            flow.state_dict()
            flow.explain()
            repr(flow)
    except df.EmptyDataFlowError:
        return
    assert seen == expected


@settings(max_examples=60)
@given(pipelines())
def test_a_known_length_bounds_the_epoch_and_is_exact_where_nothing_is_dropped(
    recipe: Recipe,
) -> None:
    length = recipe.length()
    (expected,) = epochs(recipe, 1)
    if length is None or (expected and expected[-1][0] == "raised"):
        return
    text = recipe().explain()
    drops = any(word in text for word in ("drop_", "Thinned", "keep_most"))
    assert len(expected) <= length if drops else len(expected) == length


@settings(max_examples=60)
@given(pipelines())
def test_a_state_is_refused_by_a_flow_with_one_more_operator(recipe: Recipe) -> None:
    state = seeded_flow(recipe).state_dict()
    with pytest.raises(df.FingerprintMismatchError, match="RepeatedDataPoint") as raised:
        recipe().repeat_each(2).load_state_dict(state)
    assert raised.value.differences
