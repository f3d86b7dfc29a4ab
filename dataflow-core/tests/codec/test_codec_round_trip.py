"""What goes in comes out: the same type, the same bits."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from codec_values import assert_same, values
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.codec import DEFAULT, decode, dumps, encode, encoder, loads

STRUCT = np.dtype(
    {
        "names": ["x", "y z", "é"],
        "formats": [">i2", ("<f4", (2, 3)), [("in", "S3"), ("ner", "M8[25s]")]],
        "offsets": [2, 8, 40],
        "titles": ["first", None, None],
        "itemsize": 64,
    }
)
DTYPES = [
    *"?bBhHiIlLqQefdgFDG",
    *(">i2", ">f8", ">c16", ">U3", ">M8[ms]", "<m8[7us]"),
    *("S1", "S7", "U1", "U7", "V3", "M8[25s]", "M8[D]", "m8", "m8[as]"),
    STRUCT,
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype((np.record, [("a", "i1"), ("b", "f8")])),
    np.dtype([("q", "q"), ("l", "l")]),
]
VALUES: list[Any] = [
    [],
    (),
    {},
    [[], (), {}],
    None,
    True,
    1,
    1.0,
    [True, 1, 1.0, None],
    -0.0,
    math.inf,
    math.nan,
    complex(-0.0, math.nan),
    *((1 << bits) + step for bits in (7, 8, 31, 32, 63, 64, 500) for step in (-1, 0, 1)),
    *(-(1 << bits) + step for bits in (7, 8, 31, 32, 63, 64, 500) for step in (-1, 0, 1)),
    "",
    "é\0\U0001f600",
    "\ud83d\ude00 are two lone surrogates \udcff",
    b"",
    b"x" * 4096,
    b"x" * 4097,
    bytearray(b"small"),
    bytearray(100_000),
    "x" * 100_000,
    list(range(300)),
    tuple(range(300)),
    dict.fromkeys(range(300)),
    [[i, (i, {i: [i]})] for i in range(100)],
    {None: 1, False: 2, 7: 3, 1.5: 4, "k": 5, b"k": 6, (1, (2, None)): 7, 1 << 70: 8, 2j: 9},
    {np.int64(3): 1, np.str_("k"): 2},
    {math.nan: 1, "after": 2},
    np.str_("a\0"),
    np.bytes_(b"a\0\0"),
    np.datetime64("NaT", "D"),
    np.timedelta64(3, "W"),
    np.zeros((), STRUCT)[()],
    np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0],
    np.float64(1.5),
    np.longdouble(1) / 3,
    np.array(5),
    np.empty((0, 3, 1 << 40), np.uint8),
    np.empty(3, "V0"),
    np.empty(3, [("empty", "S0")]),
    np.empty(3, [("empty", "S0")])["empty"],
    np.zeros((2, 3), [])[:1],
    np.arange(5000, dtype=np.float32)[::-3],
    np.arange(60_000, dtype=np.uint8).reshape(100, 200, 3)[::2, ::-1].transpose(2, 0, 1),
    np.broadcast_to(np.arange(100), (100, 100)),
    np.array([], object).astype(float),
]


@given(values)
def test_any_value_comes_back_as_itself(value: Any) -> None:
    assert_same(decode(encode(value)), value)
    assert_same(loads(dumps(value)), value)
    assert_same(decode(encode(value), copy=True), value)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:40])
def test_edges_come_back_as_themselves(value: Any) -> None:
    assert_same(decode(encode(value)), value)
    assert_same(decode(encode([value])), [value])
    assert_same(loads(dumps((value, value))), (value, value))
    assert_same(decode(encode(value), copy=True), value)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 5), (40, 50, 3)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_dtype_comes_back_as_itself(dtype: Any, shape: tuple[int, ...], order: Any) -> None:
    array = np.zeros(shape, dtype, order=order)
    if array.dtype.kind not in "US":
        array.reshape(-1, order="A").view(np.uint8)[...] = 1
    back = loads(dumps(array))
    assert_same(back, array)
    assert back.flags.f_contiguous == array.flags.f_contiguous
    assert back.flags.c_contiguous == array.flags.c_contiguous
    if array.size:
        assert_same(loads(dumps(array.flat[0])), array.flat[0])


@pytest.mark.parametrize("char", list("bBhHiIlLqQdgDG"))
def test_c_types_of_equal_size_are_told_apart(char: str) -> None:
    scalar = np.dtype(char).type(3)
    assert type(loads(dumps(scalar))) is type(scalar)
    assert loads(dumps(np.array([scalar]))).dtype.type is type(scalar)


def test_renaming_fields_in_place_is_not_overlooked() -> None:
    array = np.zeros(3, [("a", "i4"), ("b", "f4")])
    dumps(array)
    array.dtype.names = ("c", "d")
    assert loads(dumps(array)).dtype.names == ("c", "d")
    back = loads(dumps(array))
    back.dtype.names = ("e", "f")
    assert loads(dumps(array)).dtype.names == ("c", "d")


def test_unknown_objects_travel_through_the_fallback() -> None:
    value = [{1, 2}, {"big": frozenset(range(5000))}, np.array([{3}, None], object)]
    frames = encode(value, fallback=pickle.dumps)
    back = decode(frames, fallback=pickle.loads)
    assert back[:2] == value[:2]
    assert back[2].tolist() == [{3}, None]


@pytest.mark.parametrize("stands_for", [(0, b"\x01"), [1], {}, None], ids=repr)
def test_a_fallback_may_return_what_the_reader_uses_inside(stands_for: Any) -> None:
    frames = encode([{1}, 1], fallback=lambda _: b"")
    assert decode(frames, fallback=lambda _: stands_for) == [stands_for, 1]


def test_a_fallback_may_use_the_codec_itself() -> None:
    def outer(value: object) -> bytes:
        return dumps(sorted(value))  # type: ignore[call-overload]

    frames = encode([{3, 1}, {2}], fallback=outer)
    assert decode(frames, fallback=loads) == [[1, 3], [2]]


@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.integers(4094, 4098).map(bytes)
        | st.binary(),
        max_size=40,
    )
)
def test_short_lists_are_encoded_as_all_else_is(datapoint: list[Any]) -> None:
    assert encode(datapoint) == encoder._frames(datapoint, None, DEFAULT)
