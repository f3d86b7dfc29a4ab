"""Of a result with an output that cannot be pickled, what is before it travels all the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core import NotPicklableError
from dataflow_core.parallel import Draws, Result, Task, decode_result, encode_result
from dataflow_core.parallel.task import Failure, Skipped
from dataflow_core.parallel.transport.packing import CODEC, PICKLE
from dataflow_core.parallel.transport.unpicklable import what_can_travel
from dataflow_core.parallel.unreadable import Unreadable, settled

positions = st.lists(st.integers(0, 99), unique=True, max_size=8).map(sorted)


def pack(output: Any) -> None:
    if output < 0:
        raise TypeError("not this one")


@given(positions, st.data(), st.sampled_from(["raise", "skip"]))
def test_single_datapoints_end_at_the_first_or_are_skipped(
    kept: list[int], data: st.DataObject, on_error: Any
) -> None:
    bad = data.draw(st.sets(st.sampled_from(kept))) if kept else set()
    skipped = [Skipped(one, "before", "", "") for one in data.draw(positions) if one not in kept]
    whole = Result(
        7, [-one - 1 if one in bad else one for one in kept], kept, skipped=skipped, retried=2
    )
    result = what_can_travel(whole, pack, on_error, "the map")
    if not bad:
        assert result is None
        return
    assert result is not None
    assert result.number == 7
    assert result.retried == 2
    if on_error == "skip":
        assert result.outputs == result.positions == [one for one in kept if one not in bad]
        expected = sorted([*(one.position for one in skipped), *bad])
        assert [one.position for one in result.skipped] == expected
        assert result.failure is None
        return
    first = min(bad)
    assert result.outputs == result.positions == [one for one in kept if one < first]
    assert [one.position for one in result.skipped] == [
        one.position for one in skipped if one.position < first
    ]
    assert result.failure is not None
    assert isinstance(result.failure.error, NotPicklableError)
    assert result.failure.error.stage == "the map"
    assert f"position {first} " in str(result.failure.error)


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_groups_end_at_the_first_whatever_the_policy(
    groups: int, size: int, data: st.DataObject
) -> None:
    # The stages after the grouping may have dropped some.
    left = sorted(data.draw(st.sets(st.integers(0, groups - 1), min_size=1)))
    bad = data.draw(st.sampled_from(left))
    whole = Result(
        7,
        [-1 if group == bad else group for group in left],
        range(groups * size),
        grouped=groups,
        groups=left,
    )
    result = what_can_travel(whole, pack, "skip", "the map")
    assert result is not None
    assert result.grouped == bad
    assert result.groups == result.outputs == [group for group in left if group < bad]
    assert [*result.positions] == [*range(bad * size)]
    assert isinstance(result.failure, Failure)
    assert f"position {bad * size} " in str(result.failure.error)


def test_a_whole_flow_ends_there_whatever_the_policy() -> None:
    whole = Result(7, [1, -1, 3], [4, 5, 6], places=[5, 6, 7], finished=True)
    result = what_can_travel(whole, pack, "skip", "the flow")
    assert result is not None
    assert (result.outputs, result.positions, result.places) == ([1], [4], [5])
    assert not result.finished
    assert result.failure is not None


@pytest.mark.parametrize("packing", [CODEC, PICKLE])
def test_what_travels_of_such_a_result_arrives(packing: Any) -> None:
    whole = Result(7, [[1], [(i for i in "abc")], [3]], [4, 5, 6])
    result = decode_result(encode_result(whole, packing, "skip", "the map"), packing)
    assert result.outputs == [[1], [3]]
    assert [*result.positions] == [4, 6]
    (left_out,) = result.skipped
    assert (left_out.position, left_out.stage) == (5, "the map")
    assert "cannot be sent back" in left_out.error


def test_what_cannot_be_unpickled_obeys_the_policy() -> None:
    task = Task(3, Draws(1, 0), positions=[11], inputs=[[0]])
    failure = Unreadable(LookupError("gone"), stage="the map", said="LookupError: gone")
    raised = settled(task, failure, "raise")
    assert raised.failure is not None
    assert "what the map made of the datapoint with position 11" in str(raised.failure.error)
    assert raised.failure.error.__cause__ is failure.error
    (left_out,) = settled(task, failure, "skip").skipped
    assert (left_out.position, left_out.stage) == (11, "the map")
    asked: list[Any] = []
    assert settled(task, failure, lambda *what: asked.append(what) or "retry").failure is not None
    assert [(what[1], what[2]) for what in asked] == [("the map", 11)]
