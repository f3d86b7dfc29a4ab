"""MapData, MapDataComponent, FilterData and SelectComponent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import dataflow_core as df


def noting(seen: list[Any]) -> Callable[[Any], Any]:
    """Return the identity that notes what it is given."""

    def identity(dp: Any) -> Any:
        seen.append(dp)
        return dp

    return identity


class Pair(NamedTuple):
    image: Any
    label: Any


LIST, TUPLE, PAIR, DICT = [1, 2], (1, 2), Pair(1, 2), {"image": 1, "label": 2}


def flow_of(*datapoints: Any) -> df.DataFlow:
    return df.DataFromList(list(datapoints), shuffle=False)


@pytest.mark.parametrize("dp", [LIST, TUPLE, PAIR, DICT])
def test_a_mapped_function_sees_an_equal_datapoint_of_the_same_type(dp: Any) -> None:
    seen: list[Any] = []
    assert list(flow_of(dp).map(noting(seen))) == [dp]
    assert seen == [dp]
    assert type(seen[0]) is type(dp)


def test_what_a_function_assigns_does_not_reach_the_upstream() -> None:
    array = np.zeros(1)
    items: list[Any] = [[1, array], {"a": 1, "b": array}]

    def assign(dp: Any) -> Any:
        dp[0 if isinstance(dp, list) else "a"] = 5
        return dp

    out = list(df.DataFromList(items, shuffle=False).map(assign))
    assert [out[0][0], out[1]["a"]] == [5, 5]
    assert [items[0][0], items[1]["a"]] == [1, 1]
    assert out[0][1] is array


def test_none_drops_and_false_values_do_not() -> None:
    flow = flow_of(0, 1, 2, 3).map(lambda x: None if x == 1 else x)
    assert list(flow) == [0, 2, 3]
    assert list(flow_of(1).map(lambda x: 0)) == [0]
    assert list(flow_of(1).map(lambda x: [])) == [[]]
    assert list(flow_of(1).map(lambda x: {})) == [{}]


def test_a_dropped_datapoint_is_not_seen_by_the_stages_after() -> None:
    seen: list[Any] = []
    list(flow_of(1, 2, 3).filter(lambda x: x != 2).map(seen.append))
    assert seen == [1, 3]


@pytest.mark.parametrize(
    ("dp", "index", "expected"),
    [
        (LIST, 0, [10, 2]),
        (LIST, -1, [1, 20]),
        (TUPLE, 1, (1, 20)),
        (PAIR, 0, Pair(10, 2)),
        (DICT, "label", {"image": 1, "label": 20}),
    ],
)
def test_map_component_changes_one_component_and_keeps_the_container(
    dp: Any, index: Any, expected: Any
) -> None:
    (out,) = flow_of(dp).map_component(lambda x: x * 10, index)
    assert out == expected
    assert type(out) is type(dp)
    assert dp in (LIST, TUPLE, PAIR, DICT)
    assert (LIST, TUPLE, PAIR) == ([1, 2], (1, 2), (1, 2))


def test_map_component_drops_on_none_and_defaults_to_component_0() -> None:
    flow = df.MapDataComponent(flow_of([1, "a"], [2, "b"]), lambda x: None if x == 1 else -x)
    assert list(flow) == [[-2, "b"]]


@pytest.mark.parametrize(
    ("dp", "index", "told"),
    [
        (LIST, 2, r"MapDataComponent asks for component 2.*a list of 2 components"),
        (DICT, "boxes", r"component 'boxes'.*keys \['image', 'label'\]"),
        (DICT, 0, r"component 0.*dict"),
        (5, 0, r"a int, which is neither list, tuple nor dict"),
    ],
)
def test_a_component_that_is_not_there_is_named(dp: Any, index: Any, told: str) -> None:
    flow = flow_of(LIST if dp is not LIST else dp, dp).map_component(lambda x: x, index)
    with pytest.raises(df.ComponentError, match=told):
        list(flow_of(dp).map_component(lambda x: x, index))
    del flow


def test_an_error_inside_the_function_is_not_taken_for_a_missing_component() -> None:
    def broken(component: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as raised:
        list(flow_of([1]).map_component(broken))
    assert not isinstance(raised.value, df.DataFlowError)


def test_an_exception_names_the_stage_and_the_position() -> None:
    def broken(dp: Any) -> Any:
        return [1 / (dp[0] - 2)]

    flow = flow_of([0], [1], [2]).filter(lambda dp: dp[0] != 0).map(broken).batch(1)
    with pytest.raises(ZeroDivisionError) as raised:
        list(flow)
    notes = [note for note in raised.value.__notes__ if note.startswith("in stage")]
    (note,) = notes
    assert "MapData(" in note
    assert "broken" in note
    assert "position 2" in note


def test_a_stop_iteration_in_a_function_does_not_end_the_flow_silently() -> None:
    def careless(dp: Any) -> Any:
        return next(iter([]))

    with pytest.raises((StopIteration, RuntimeError)):
        list(flow_of(1, 2).map(careless))


def test_filter_keeps_what_is_true() -> None:
    kept = flow_of([0], [1], [2]).filter(lambda dp: dp[0])
    assert list(kept) == [[1], [2]]


def test_a_filter_has_no_length_and_a_map_its_upstreams() -> None:
    with pytest.raises(df.UnknownLengthError, match="FilterData"):
        len(flow_of(1).filter(bool))
    assert len(flow_of(1, 2).map(lambda x: None)) == 2


@pytest.mark.parametrize(
    ("dp", "idxs", "expected"),
    [
        (LIST, [1, 0], [2, 1]),
        (LIST, [0, 0, 1], [1, 1, 2]),
        (LIST, [], []),
        (TUPLE, (1,), (2,)),
        (PAIR, [1], (2,)),
        (DICT, ["label"], {"label": 2}),
        (DICT, ("label", "image"), {"label": 2, "image": 1}),
    ],
)
def test_select_picks_and_reorders(dp: Any, idxs: Any, expected: Any) -> None:
    (out,) = flow_of(dp).select(idxs)
    assert out == expected
    assert type(out) is type(expected)
    if isinstance(out, dict):
        assert list(out) == list(expected)


def test_select_names_what_is_missing_and_refuses_a_bare_name() -> None:
    with pytest.raises(df.ComponentError, match=r"SelectComponent asks for component 3"):
        list(flow_of(LIST).select([0, 3]))
    with pytest.raises(TypeError, match="idxs of SelectComponent is a list, not 'label'"):
        flow_of(DICT).select("label")
    with pytest.raises(TypeError, match="is a list, not 1"):
        flow_of(DICT).select(1)  # type: ignore[arg-type]


@pytest.mark.parametrize("operator", [df.MapData, df.MapDataComponent, df.FilterData])
def test_what_is_no_function_or_no_flow_is_refused_at_construction(operator: Any) -> None:
    with pytest.raises(TypeError, match=f"{operator.__name__} is a function, not int"):
        operator(flow_of(1), 5)
    with pytest.raises(TypeError, match=f"{operator.__name__} needs a DataFlow.*DataFromList"):
        operator([1, 2], lambda x: x)
    with pytest.raises(TypeError, match="not the class FakeData: call it first"):
        operator(df.FakeData, lambda x: x)
