"""Datapoints that travel by column arrive as they were sent."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow_core.collate.columns import LARGEST_BYTES
from dataflow_core.parallel.task import Draws, Result, Task
from dataflow_core.parallel.transport.columns import WORTH_IT, from_columns, to_columns
from dataflow_core.parallel.transport.frames import (
    decode_result,
    decode_task,
    encode_result,
    encode_task,
)
from dataflow_core.parallel.transport.packing import CODEC, PICKLE, Packing

Point = namedtuple("Point", ["number", "row"])  # noqa: PYI024  a user's

dtypes = st.one_of(
    hnp.scalar_dtypes(), st.sampled_from([">f4", "<u2", "U3", "S2", "i4,f8", "O"]).map(np.dtype)
)
arrays = hnp.arrays(
    dtypes,
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=None,
    fill=st.nothing(),
).filter(lambda array: not array.dtype.hasobject)
values = st.one_of(
    arrays,
    arrays.map(np.transpose),
    arrays.map(lambda array: array[()]),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.none(),
    st.booleans(),
)


def exactly(value: Any) -> Any:
    """Return what two values share if and only if they are the same in every respect."""
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return "dict", [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [exactly(item) for item in value]
    return type(value).__name__, repr(value)


def datapoints_like(components: list[Any], kind: str, number: int) -> list[Any]:
    """Return datapoints with these components, of which later ones have other values."""

    def component(value: Any, turn: int) -> Any:
        return np.roll(value, turn) if isinstance(value, np.ndarray) else value

    rows = [[component(value, turn) for value in components] for turn in range(number)]
    if kind == "dict":
        return [{f"k{i}": value for i, value in enumerate(row)} for row in rows]
    return rows if kind == "list" else [*map(tuple, rows)]


@given(
    st.lists(values, min_size=1, max_size=3),
    st.sampled_from(["list", "tuple", "dict"]),
    st.integers(WORTH_IT, 12),
    st.booleans(),
    st.data(),
)
def test_datapoints_are_the_same_by_column(
    components: list[Any], kind: str, number: int, own: bool, data: st.DataObject
) -> None:
    datapoints = datapoints_like(components, kind, number)
    if data.draw(st.booleans(), "one is different"):
        place = data.draw(st.integers(0, number - 1))
        datapoints[place] = datapoints_like([data.draw(values)], kind, 1)[0]
    columns = to_columns(datapoints)
    if columns is not None:
        assert [*map(exactly, from_columns(columns, own=own))] == [*map(exactly, datapoints)]


@pytest.mark.parametrize("packing", [PICKLE, CODEC], ids=["pickle", "codec"])
@given(st.sampled_from(["list", "tuple", "dict"]), st.integers(1, 20))
def test_tasks_and_results_carry_them(packing: Packing, kind: str, number: int) -> None:
    datapoints = datapoints_like([7, np.arange(6, dtype="f4"), np.float16(2)], kind, number)
    task = Task(3, Draws(1, 0), range(number), datapoints)
    result = Result(3, datapoints, range(number))
    there = decode_task(encode_task(task, packing), packing).inputs
    back = decode_result(encode_result(result, packing), packing).outputs
    assert [*map(exactly, there)] == [*map(exactly, back)] == [*map(exactly, datapoints)]


def test_arrays_that_are_given_out_can_be_written_to_and_own_their_memory() -> None:
    columns = to_columns([[np.arange(4)] for _ in range(WORTH_IT)])
    assert columns is not None
    mine = from_columns(columns, own=True)
    for (row,) in mine:
        assert row.flags.owndata
        assert row.flags.writeable
    shared = from_columns(columns, own=False)
    shared[0][0][:] = -1
    assert shared[1][0].tolist() == mine[0][0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "dp",
    [
        [1, "two"],
        [np.zeros(LARGEST_BYTES, "u1")],
        [np.array([None])],
        [np.zeros(0)],
        [np.asfortranarray(np.arange(6).reshape(2, 3))],
        [np.zeros(2, np.dtype([("x", "u1"), ("y", "<f8")], align=True))],
        np.arange(4),
        Point(1, np.arange(4)),
        5,
        [],
    ],
    ids=lambda dp: str(type(dp)),
)
def test_what_gains_nothing_stays_as_it_is(dp: Any) -> None:
    assert to_columns([dp] * WORTH_IT) is None


def test_a_subclass_of_an_array_keeps_its_class() -> None:
    class Image(np.ndarray[Any, Any]):
        pass

    rows = [[np.arange(3).view(Image), np.float32(1)] for _ in range(WORTH_IT)]
    columns = to_columns(rows)
    assert columns is not None
    assert all(type(row[0]) is Image for row in from_columns(columns, own=True))


def test_keys_that_are_equal_but_of_different_types_stay_what_they_are() -> None:
    datapoints = [{key: np.arange(4)} for key in (1, True, 1.0) * WORTH_IT]
    assert to_columns(datapoints) is None
