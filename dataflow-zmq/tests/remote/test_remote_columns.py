"""Parcels by column hold exactly what was put into them, or are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow_core import CodecError
from dataflow_core.codec import encode
from dataflow_core.testing import canonical
from dataflow_zmq.remote.wire.columns import LISTS, PLAIN, STACK, WORTH_IT, pack, unpack

natives = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
arrays = hnp.arrays(
    st.sampled_from(["u1", "f4", ">i8", "U2", "M8[s]", "?"]),
    hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
)
values = st.one_of(
    natives,
    arrays,
    arrays.map(lambda array: array[()]),
    st.binary(max_size=3),
    st.lists(natives, max_size=3),
    st.tuples(natives),
    st.dictionaries(st.text(max_size=1), natives, max_size=2),
    st.lists(st.lists(natives, max_size=2), max_size=2),
)
rows = st.one_of(
    st.lists(values, max_size=3),
    st.tuples(values, values),
    st.dictionaries(st.one_of(st.sampled_from("ab"), st.booleans(), st.integers(0, 1)), values),
)


@given(st.lists(rows, min_size=1, max_size=20))
def test_any_datapoints_come_back_as_they_were(datapoints: list[Any]) -> None:
    assert exactly(unpack(pack(datapoints), len(datapoints))) == exactly(datapoints)


@given(st.data(), st.integers(WORTH_IT, 20), st.sampled_from(["list", "tuple", "dict"]))
def test_those_of_one_form_come_back_as_they_were(
    data: st.DataObject, number: int, kind: str
) -> None:
    columns = data.draw(
        st.lists(
            st.one_of(
                st.lists(natives, min_size=number, max_size=number),
                st.lists(values, min_size=number, max_size=number),
                st.lists(
                    st.lists(natives, min_size=2, max_size=2), min_size=number, max_size=number
                ),
                st.lists(st.lists(st.floats()), min_size=number, max_size=number),
                arrays.map(lambda array: [array.copy() for _ in range(number)]),
            ),
            max_size=3,
        )
    )
    members: list[Any] = [[column[at] for column in columns] for at in range(number)]
    if kind == "tuple":
        members = [*map(tuple, members)]
    elif kind == "dict":
        members = [{f"k{at}": value for at, value in enumerate(row)} for row in members]
    assert exactly(unpack(pack(members), number)) == exactly(members)


def exactly(value: Any) -> Any:
    """Return what two values share if and only if they are the same in every respect."""
    if isinstance(value, dict):
        return "dict", [(exactly(key), exactly(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [*map(exactly, value)]
    return type(value).__name__, canonical(value)


def test_small_datapoints_travel_in_one_header() -> None:
    datapoints = [[i, np.arange(8, dtype=np.float32) + i, [0.5] * 8] for i in range(1000)]
    frames = pack(datapoints)
    # The stack alone is large enough for a frame of its own.
    assert len(frames) == 2
    received = unpack(frames, 1000)
    assert exactly(received) == exactly(datapoints)
    assert received[0][1].flags.owndata
    received[0][1][:] = 0  # nobody else's, and writable


def test_what_cannot_be_sent_is_named_where_it_is_in_its_datapoint() -> None:
    datapoints: list[Any] = [[i, {"a": 1}] for i in range(WORTH_IT)]
    datapoints[3][1]["b"] = object()
    with pytest.raises(CodecError, match=r"\[3\]\[1\]\['b'\]: object is not a type"):
        pack(datapoints)


GOOD: dict[str, Any] = {
    "natives": (PLAIN, (1, 2)),
    "array": (STACK, np.zeros((2, 3), "u1")),
    "even": (LISTS, 2, [1, 2, 3, 4]),
    "uneven": (LISTS, (0, 3), ["a", "b", "c"]),
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_columns_that_add_up_are_taken(name: str) -> None:
    assert len(unpack(encode(("list", 1, [GOOD[name]])), 2)) == 2


@pytest.mark.parametrize(
    "value",
    [
        (),
        ("list",),
        ("list", 1, [(PLAIN, (1, 2))], 4),
        ("set", 1, [(PLAIN, (1, 2))]),
        (1, 1, [(PLAIN, (1, 2))]),
        ("list", 2, [(PLAIN, (1, 2))]),
        ("list", True, [(PLAIN, (1, 2))]),
        ("list", ("a",), [(PLAIN, (1, 2))]),
        ("list", 1, ((PLAIN, (1, 2)),)),
        ("list", 0, []),
        ("tuple", 1, [[PLAIN, (1, 2)]]),
        ("tuple", 1, [(PLAIN, [1, 2])]),
        ("tuple", 1, [(PLAIN, (1, 2, 3))]),
        ("tuple", 1, [(PLAIN, (1,))]),
        ("tuple", 1, [(PLAIN, 7)]),
        ("tuple", 1, [(3, (1, 2))]),
        ("tuple", 1, [()]),
        ("tuple", 1, [7]),
        ("dict", ("a", "a"), [(PLAIN, (1, 2)), (PLAIN, (1, 2))]),
        ("dict", (1,), [(PLAIN, (1, 2))]),
        ("dict", 1, [(PLAIN, (1, 2))]),
        ("list", 1, [(STACK, (1, 2))]),
        ("list", 1, [(STACK, np.zeros(3))]),
        ("list", 1, [(STACK, np.zeros(()))]),
        ("list", 1, [(STACK, np.zeros((2, 0)))]),
        ("list", 1, [(LISTS, 2, [1, 2, 3])]),
        ("list", 1, [(LISTS, -1, [1, 2])]),
        ("list", 1, [(LISTS, True, [1, 2])]),
        ("list", 1, [(LISTS, (3, -1), [1, 2])]),
        ("list", 1, [(LISTS, (1, 1, 0), [1, 2])]),
        ("list", 1, [(LISTS, (1, 1.0), [1, 2])]),
        ("list", 1, [(LISTS, (True, 1), [1, 2])]),
        ("list", 1, [(LISTS, [1, 1], [1, 2])]),
        ("list", 1, [(LISTS, 1, (1, 2))]),
        ("list", 1, [(LISTS, 1)]),
        {"a": 1, "b": 2},
        [[1]],
        "ab",
        7,
        np.zeros((2, 2)),
    ],
)
def test_a_parcel_that_does_not_add_up_is_refused(value: Any) -> None:
    with pytest.raises(CodecError):
        unpack(encode(value), 2)


def test_a_few_bytes_do_not_become_a_million_datapoints() -> None:
    empty = ("list", 1, [(LISTS, 0, [])])
    assert len(unpack(encode(empty), 4096)) == 4096
    with pytest.raises(CodecError):
        unpack(encode(empty), 1 << 40)
