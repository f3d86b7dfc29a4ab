"""Each operator by itself, at every position: resume, failures, independent branches."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from pipelines import Boom, F, Noise, Numbered, Thinned, TwicePerEpoch, blow_at, canonical, outcome

import dataflow_core as df

Build = Callable[[df.DataFlow], df.DataFlow]


def other() -> df.DataFlow:
    return Numbered("list", 5, shuffle=True).map(F["add_draw"])


def short() -> df.DataFlow:
    return df.DataFromGenerator(lambda: iter([[1], [2], [3]])).map(F["add_draw"])


OPERATORS: dict[str, Build] = {
    "nothing": lambda ds: ds,
    "map": lambda ds: ds.map(F["drop_at_random"]),
    "map_component": lambda ds: ds.map_component(F["nudge"]),
    "filter": lambda ds: ds.filter(F["keep_most"]),
    "select": lambda ds: ds.select([1, 0]),
    "batch": lambda ds: ds.batch(2),
    "batch, remainder": lambda ds: ds.batch(2, remainder=True, use_list=True),
    "batch_by_shape": lambda ds: ds.batch_by_shape(2, 0, remainder=True),
    "padded_batch": lambda ds: ds.padded_batch(3, remainder=True),
    "fixed_size": lambda ds: ds.fixed_size(4),
    "fixed_size, anew": lambda ds: ds.fixed_size(9, keep_state=False),
    "repeat": lambda ds: ds.repeat(2),
    "repeat, forever": lambda ds: ds.repeat(-1).take(15),
    "repeat_each": lambda ds: ds.repeat_each(3),
    "concat": lambda ds: df.ConcatData([short(), ds, other()]),
    "join": lambda ds: df.JoinData([ds, short(), other()]),
    "join, longest first": lambda ds: df.JoinData([other(), ds]),
    "choose": lambda ds: df.RandomChooseData([ds, other(), short()]),
    "mix": lambda ds: df.RandomMixData([ds.map(F["drop_some"]), other()]),
    "shuffle": lambda ds: ds.shuffle(3),
    "shuffle, reuse": lambda ds: ds.shuffle(3, 2),
    "cache": lambda ds: ds.cache(),
    "cache, shuffled": lambda ds: ds.cache(shuffle=True),
    "take": lambda ds: ds.take(4),
    "skip": lambda ds: ds.skip(2),
    "shard": lambda ds: ds.shard(1, 2),
    "shard of shard": lambda ds: ds.shard(1, 2).shard(0, 2),
    "print": lambda ds: ds.print(0),
    "proxy": df.ProxyDataFlow,
    "written proxy": TwicePerEpoch,
    "written with rng": Thinned,
}

SOURCES: dict[str, Callable[[], df.DataFlow]] = {
    "indexed": lambda: Numbered("list", 7, shuffle=True),
    "written": lambda: Noise("list", 7),
}

every_operator = pytest.mark.parametrize("operator", OPERATORS)
every_source = pytest.mark.parametrize("source", SOURCES)
every_epoch = pytest.mark.parametrize("epoch", [0, 1])


def build(operator: str, source: str) -> df.DataFlow:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joins of unequal lengths
        flow = OPERATORS[operator](SOURCES[source]().map(F["add_draw"]))
    return flow.map(F["add_draw"])


def at_epoch(operator: str, source: str, epoch: int) -> df.DataFlow:
    flow = build(operator, source)
    flow.reset_state(7)
    for _ in range(epoch):
        list(flow)
    return flow


@every_operator
@every_source
@every_epoch
def test_resume_is_exact_at_every_position(operator: str, source: str, epoch: int) -> None:
    flow = at_epoch(operator, source, epoch)
    states, seen = [json.dumps(flow.state_dict())], []
    for dp in flow:
        seen.append(canonical(dp))
        states.append(json.dumps(flow.state_dict()))
    following = outcome(flow)
    assert seen
    for position, state in enumerate(states):
        resumed = build(operator, source)
        resumed.load_state_dict(json.loads(state))
        assert outcome(resumed) == seen[position:]
        assert outcome(resumed) == following


@every_operator
@every_source
@every_epoch
def test_a_failure_anywhere_leaves_the_place_at_the_failing_datapoint(
    operator: str, source: str, epoch: int
) -> None:
    flow = at_epoch(operator, source, epoch)
    expected, following = outcome(flow), outcome(flow)
    failures = 0
    for call in range(200):
        failing, seen = at_epoch(operator, source, epoch), []
        with blow_at(call):
            try:
                for dp in failing:
                    seen.append(canonical(dp))
            except Boom:
                failures += 1
            else:
                break
        assert seen == expected[: len(seen)]
        resumed = build(operator, source)
        resumed.load_state_dict(json.loads(json.dumps(failing.state_dict())))
        assert outcome(resumed) == expected[len(seen) :]
        assert outcome(failing) == following
    assert failures >= len(expected) or (operator.startswith("cache") and epoch)


@every_operator
@every_source
def test_a_failure_after_a_resume_loses_and_repeats_nothing(operator: str, source: str) -> None:
    flow = at_epoch(operator, source, 0)
    expected = outcome(flow)
    start = len(expected) // 2
    flow = at_epoch(operator, source, 0)
    iterator = iter(flow)
    assert outcome(islice(iterator, start)) == expected[:start]
    state = flow.state_dict()
    for call in range(60):
        failing, seen = build(operator, source), []
        failing.load_state_dict(state)
        with blow_at(call):
            try:
                for dp in failing:
                    seen.append(canonical(dp))
            except Boom:
                pass
            else:
                break
        resumed = build(operator, source)
        resumed.load_state_dict(json.loads(json.dumps(failing.state_dict())))
        assert seen + outcome(resumed) == expected[start:]


@pytest.mark.parametrize("operator", ["concat", "join", "choose", "mix"])
def test_branches_draw_independently(operator: str) -> None:
    def branch(name: str) -> df.DataFlow:
        items = [[name, n] for n in range(6)]
        return df.DataFromList(items, shuffle=False).map(F["add_draw"])

    def draws(flow: df.DataFlow, name: str) -> list[int]:
        flow.reset_state(3)
        found: list[int] = []
        for dp in flow:
            parts: list[Any] = [dp[:3], dp[3:]]
            found += [part[2] for part in parts if part and part[0] == name]
        return found

    combine = {
        "concat": df.ConcatData,
        "join": df.JoinData,
        "choose": df.RandomChooseData,
        "mix": df.RandomMixData,
    }[operator]
    flow = combine([branch("a"), branch("b")])
    one, two = draws(flow, "a"), draws(flow, "b")
    assert one
    assert two
    assert not set(one) & set(two)
    assert one == draws(branch("a"), "a")[: len(one)]
