"""Copies of flows, in this process and in others."""

from __future__ import annotations

import contextlib
import copy
import pickle
from typing import Any

import cloudpickle
import pytest
from hypothesis import given, settings
from pipelines import Noise, Recipe, outcome, pipelines

import dataflow_core as df

SEED = 9


def add_draw(dp: Any) -> Any:
    return [*dp, int(df.rng().integers(1000))]


def build() -> df.DataFlow:
    return (
        df.DataFromList([[n] for n in range(12)])
        .map(add_draw)
        .shuffle(5)
        .fixed_size(7)
        .cache()
        .batch(2)
        .repeat(2)
    )


@pytest.mark.parametrize("under_way", [False, True])
@pytest.mark.parametrize(
    "duplicate", [lambda flow: pickle.loads(pickle.dumps(flow)), copy.copy, copy.deepcopy]
)
def test_a_copy_starts_a_life_of_its_own(duplicate: Any, under_way: bool) -> None:
    flow = build()
    flow.reset_state(SEED)
    expected = outcome(flow)
    flow.reset_state(SEED)
    iterator = iter(flow)
    if under_way:
        next(iterator)
    twin = duplicate(flow)
    if duplicate is copy.copy:
        iterator.close()  # type: ignore[attr-defined]
    twin.reset_state(SEED)
    assert outcome(twin) == expected


@settings(max_examples=50)
@given(pipelines())
def test_every_pipeline_travels_by_value_also_from_the_middle_of_an_epoch(recipe: Recipe) -> None:
    flow = recipe()
    flow.reset_state(SEED)
    expected = outcome(flow)
    iterator = iter(flow)
    with contextlib.suppress(df.EmptyDataFlowError):
        next(iterator, None)
    twin = pickle.loads(cloudpickle.dumps(flow))
    twin.reset_state(SEED)
    assert outcome(twin) == expected


def test_the_generator_of_an_epoch_does_not_travel() -> None:
    flow = Noise("list", 3)
    before = len(cloudpickle.dumps(flow))
    flow.reset_state(1)
    list(flow)
    assert len(cloudpickle.dumps(flow)) == before


def test_errors_survive_a_pickle_with_their_facts() -> None:
    error = df.FingerprintMismatchError("differs", ["-a", "+b"])
    twin = pickle.loads(pickle.dumps(error))
    assert str(twin) == "differs"
    assert twin.differences == ("-a", "+b")
