"""States: what they hold, what they cost, and which ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipelines import Numbered, Recipe, outcome, pipelines

import dataflow_core as df


def noting(seen: list[Any]) -> Callable[[Any], Any]:
    """Return the identity that notes what it is given."""

    def identity(dp: Any) -> Any:
        seen.append(dp)
        return dp

    return identity


def numbers(count: int = 10) -> df.DataFlow:
    return df.DataFromList([[n] for n in range(count)], shuffle=False)


def load(dp: Any) -> Any:
    return dp


def test_a_state_is_a_few_numbers_of_json() -> None:
    flow = df.FakeData([()], 100_000).map(load).batch(8).repeat(2)
    flow.reset_state(2**60 + 1)
    for _ in islice(iter(flow), 20):
        pass
    flow.close()
    state = flow.state_dict()
    assert json.loads(json.dumps(state)) == state
    assert len(json.dumps(state)) < 500
    assert (state["seed"], state["epoch"], state["position"]) == (2**60 + 1, 0, 20)
    assert state["version"] == 1
    json.dumps(df.FakeData([(2,)], 3).state_dict())


@pytest.mark.parametrize(
    "build",
    [
        lambda source: source,
        lambda source: source.map(load),
        lambda source: source.map(load).filter(load).select([0]),
        lambda source: source.map(load).batch(4, use_list=True),
        lambda source: source.batch(2, use_list=True).batch(2, use_list=True),
        lambda source: source.repeat(3),
        lambda source: source.repeat(-1),
        lambda source: source.repeat_each(2),
        lambda source: source.fixed_size(30),
        lambda source: source.fixed_size(30, keep_state=False),
        lambda source: source.shard(1, 2),
        lambda source: source.skip(7),
        lambda source: source.take(30).map(load),
        lambda source: source.concat(numbers()),
        lambda source: source.join(numbers(40)),
        lambda source: df.RandomMixData([source, numbers(1)]),
        lambda source: df.RandomChooseData([(source, 1.0), (numbers(), 0.0)]),
        lambda source: df.ProxyDataFlow(source).print(0),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_resuming_over_an_indexed_source_reads_only_what_comes_next(
    build: Callable[[df.DataFlow], df.DataFlow], shuffle: bool
) -> None:
    source, other = (Numbered("list", 40, shuffle=shuffle) for _ in range(2))
    flow, resumed = build(source), build(other)
    flow.reset_state(3)
    iterator = iter(flow)
    for _ in range(5):
        next(iterator)
    resumed.load_state_dict(flow.state_dict())
    read = len(source.reads)
    assert outcome(islice(iter(resumed), 2)) == outcome(islice(iterator, 2))
    # A datapoint that is handed out several times may have to be read again.
    again = int("RepeatedDataPoint" in repr(flow))
    assert other.reads[again:] == source.reads[read:]


def test_resuming_in_the_middle_of_millions_reads_one_datapoint() -> None:
    source = Numbered("list", 5_000_000, shuffle=True)
    flow = source.map(load).batch(10, use_list=True)
    flow.reset_state(1)
    next(iter(flow))
    state = json.loads(json.dumps(flow.state_dict()))
    state["position"] = 250_000
    state["place"] = {**state["place"], "position": 250_000, "ds": 2_500_000}
    source.reads.clear()
    flow.load_state_dict(state)
    next(iter(flow))
    assert len(source.reads) == 10


def test_maps_are_not_run_for_what_a_replay_passes_over() -> None:
    calls: list[Any] = []

    def gen() -> Iterator[Any]:
        yield from ([n] for n in range(10))

    def build() -> df.DataFlow:
        return df.DataFromGenerator(gen).map(noting(calls))

    flow = build()
    iterator = iter(flow)
    for _ in range(6):
        next(iterator)
    resumed = build()
    resumed.load_state_dict(flow.state_dict())
    calls.clear()
    assert list(resumed) == [[6], [7], [8], [9]]
    assert calls == [[6], [7], [8], [9]]


def test_a_state_of_another_pipeline_is_refused_with_the_differences() -> None:
    state = numbers().map(load).batch(2).state_dict()
    with pytest.raises(df.FingerprintMismatchError) as raised:
        numbers().map(load).batch(3).load_state_dict(state)
    assert raised.value.differences == ("-BatchData(2)", "+BatchData(3)")
    assert "-BatchData(2)" in str(raised.value)
    assert "+BatchData(3)" in str(raised.value)
    assert "DataFromList" not in str(raised.value)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (numbers, lambda: numbers(11)),
        (numbers, lambda: df.DataFromList([[n] for n in range(10)])),
        (lambda: numbers().map(load), numbers),
        (lambda: numbers().map(load), lambda: numbers().map(lambda dp: dp)),
        (lambda: numbers().take(3), lambda: numbers().skip(3)),
        (lambda: numbers().fixed_size(3), lambda: numbers().fixed_size(3, keep_state=False)),
        (lambda: numbers().shuffle(3), lambda: numbers().shuffle(4)),
        (lambda: numbers().concat(numbers(1)), lambda: numbers(1).concat(numbers())),
        (lambda: numbers().batch(2), lambda: numbers().batch(2, remainder=True)),
        (lambda: numbers().batch(2), lambda: numbers().batch(2, use_list=True)),
        (lambda: numbers().select([0] * 9), lambda: numbers().select([0] * 8 + [1])),
        (lambda: numbers().select([0] * 999), lambda: numbers().select([0] * 998 + [1])),
        (lambda: df.FakeData([[2]] * 9), lambda: df.FakeData([[2]] * 8 + [[3]])),
    ],
)
def test_what_changes_the_stream_changes_the_fingerprint(theirs: Any, ours: Any) -> None:
    with pytest.raises(df.FingerprintMismatchError) as raised:
        ours().load_state_dict(theirs().state_dict())
    assert raised.value.differences


def test_what_does_not_change_the_stream_does_not_change_the_fingerprint() -> None:
    flow = numbers().map(load)
    iterator = iter(flow)
    next(iterator)
    for same in (numbers().print(3).map(load), numbers().map(load).print(), numbers().map(load)):
        same.load_state_dict(flow.state_dict())
        assert len(list(same)) == 9


def test_a_long_parameter_leaves_a_fingerprint_short() -> None:
    flow = numbers().select([0] * 100_000)
    assert len(json.dumps(flow.state_dict())) < 1000
    numbers().select([0] * 100_000).load_state_dict(flow.state_dict())


def test_a_refused_state_leaves_the_flow_as_it_was() -> None:
    flow = numbers().map(load)
    flow.reset_state(1)
    iterator = iter(flow)
    next(iterator)
    before = flow.state_dict()
    for wrong in ({}, numbers(3).state_dict(), {**before, "seed": -1}):
        with pytest.raises(df.StateError):
            flow.load_state_dict(wrong)
    assert flow.state_dict() == before
    assert next(iterator) == [1]


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"version": None},
        {"fingerprint": None},
        {"fingerprint": [1, 2]},
        {"fingerprint": "MapData"},
        {"seed": None},
        {"seed": "1"},
        {"seed": -1},
        {"seed": 2**64},
        {"epoch": -1},
        {"epoch": 2**32},
        {"epoch": 1.5},
        {"position": -1},
        {"position": None},
        {"position": "3"},
        {"position": True},
        {"position": 2**70},
        {"position": 1.0},
        {"place": [1]},
        {"place": "x"},
    ],
)
def test_a_damaged_state_is_a_state_error(damage: dict[str, Any]) -> None:
    flow = numbers().map(load)
    state = {**flow.state_dict(), **damage}
    with pytest.raises(df.StateError):
        numbers().map(load).load_state_dict(state)


@pytest.mark.parametrize("wrong", [None, [], "state", 5, b""])
def test_what_is_no_state_at_all_is_a_state_error(wrong: Any) -> None:
    with pytest.raises(df.StateError):
        numbers().load_state_dict(wrong)


@pytest.mark.parametrize("missing", ["version", "fingerprint", "seed", "epoch", "position"])
def test_a_state_that_lacks_something_is_a_state_error(missing: str) -> None:
    flow = numbers().map(load)
    state = flow.state_dict()
    del state[missing]
    with pytest.raises(df.StateError):
        flow.load_state_dict(state)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


SPOILERS = st.sampled_from(
    [None, -1, 0, 1, 3, 10**6, 2**63 - 1, 2**64, 1.5, True, "x", [], {}, [0], {"position": 1}]
)


@settings(max_examples=300)
@given(pipelines(), st.integers(0, 6), st.data())
def test_a_state_spoilt_anywhere_runs_or_raises_a_state_error_and_nothing_else(
    recipe: Recipe, position: int, data: st.DataObject
) -> None:
    flow = recipe()
    flow.reset_state(1)
    try:
        for _ in islice(iter(flow), position):
            pass
    except df.EmptyDataFlowError:
        return
    state = json.loads(json.dumps(flow.state_dict()))
    path = data.draw(st.sampled_from([p for p in paths(state) if p]))
    holder = state
    for key in path[:-1]:
        holder = holder[key]
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[path[-1]]
    else:
        spoilt = data.draw(SPOILERS)
        # Epochs far away are fine, and where they begin may take long to find.
        holder[path[-1]] = spoilt if path != ("epoch",) or spoilt != 10**6 else -5
    try:
        flow.load_state_dict(state)
        outcome(islice(iter(flow), 100))
    except df.StateError:
        pass
    flow.reset_state(2)
    outcome(flow)


def test_a_source_that_is_used_up_refuses_states_wherever_it_is() -> None:
    class Socket(df.DataFlow):
        resumable = False

        def get_data(self) -> Iterator[Any]:
            yield [1]

    for flow in (Socket(), Socket().map(load), numbers(1).join(Socket()), Socket().cache()):
        with pytest.raises(df.NotResumableError, match=r"Socket\(\) cannot repeat itself"):
            flow.state_dict()
        with pytest.raises(df.NotResumableError):
            flow.load_state_dict({})
        assert len(list(flow)) == 1


def test_a_state_of_epoch_e_loads_before_between_and_within_epochs() -> None:
    def build() -> df.DataFlow:
        return df.DataFromList(list(range(8))).map(lambda n: (n, int(df.rng().integers(99))))

    flow = build()
    flow.reset_state(1)
    epochs = [list(flow) for _ in range(3)]
    flow.reset_state(1)
    fresh = flow.state_dict()
    list(flow)
    between = flow.state_dict()
    iterator = iter(flow)
    next(iterator)
    within = flow.state_dict()
    resumed = build()
    for state, expected in (
        (within, [epochs[1][1:], epochs[2]]),
        (fresh, epochs[:2]),
        (between, epochs[1:]),
    ):
        resumed.load_state_dict(state)
        assert [list(resumed), list(resumed)] == expected
    assert (between["epoch"], between["position"]) == (1, 0)


def test_a_broken_off_epoch_can_still_be_resumed() -> None:
    flow = numbers().map(load)
    for dp in flow:
        if dp == [3]:
            break
    state = flow.state_dict()
    assert (state["epoch"], state["position"]) == (0, 4)
    flow.load_state_dict(state)
    assert list(flow) == [[n] for n in range(4, 10)]
    assert list(flow) == [[n] for n in range(10)]
