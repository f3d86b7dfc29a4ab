"""Values to encode, and what it means that two of them are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

_SCALAR_DTYPES = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?")
    | hnp.complex_number_dtypes(endianness="?")
    | hnp.datetime64_dtypes(endianness="?")
    | hnp.timedelta64_dtypes(endianness="?")
    | hnp.byte_string_dtypes(min_len=1, max_len=5)
    | hnp.unicode_string_dtypes(min_len=1, max_len=5)
)
_STRUCT_DTYPES = hnp.array_dtypes(
    subtype_strategy=_SCALAR_DTYPES, min_size=1, max_size=3, allow_subarrays=True
)
_SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Arrays of any dtype without objects, in any memory order, of any bytes."""
    dtype = draw(_SCALAR_DTYPES | _STRUCT_DTYPES)
    shape = draw(_SHAPES)
    count = int(np.prod(shape, dtype=int)) * dtype.itemsize
    seed = draw(st.binary(min_size=1, max_size=16))
    raw = bytearray((seed * (count // len(seed) + 1))[:count])
    if dtype.kind in "bU" or dtype.names is not None:
        # Not every bit pattern is a bool or a code point.
        raw = bytearray(count)
    array = np.ndarray(shape, dtype, raw, order=draw(st.sampled_from("CF")))
    if draw(st.booleans()) and array.ndim > 1:
        array = array[::2, ...].swapaxes(0, -1)
    return array


numpy_scalars = arrays().filter(lambda array: array.size > 0).map(lambda array: array.flat[0])
keys = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=3,
)
leaves = (
    keys
    | st.integers(min_value=-(1 << 200), max_value=1 << 200)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec=None, categories=None))
    | st.binary(max_size=20).map(bytearray)
    | st.binary(min_size=4090, max_size=4100)
    | arrays()
    | numpy_scalars
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=12,
)


def assert_same(left: Any, right: Any) -> None:
    """Same types all the way down, same bits, same order of dicts."""
    assert type(left) is type(right)
    if isinstance(left, (list, tuple)):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    elif isinstance(left, dict):
        assert_same(list(left.items()), list(right.items()))
    elif isinstance(left, (np.str_, np.bytes_)):
        assert left == right
        assert len(left) == len(right)
    elif isinstance(left, (np.ndarray, np.generic)):
        assert_same_array(np.asarray(left), np.asarray(right))
    elif isinstance(left, (float, complex)):
        assert_same_array(np.array(left), np.array(right))
    else:
        assert left == right


def assert_same_array(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> None:
    """Same dtype, shape and bits."""
    assert_same_dtype(left.dtype, right.dtype)
    assert left.shape == right.shape
    if left.dtype.names is None:
        assert significant_bytes(left) == significant_bytes(right)
    for name in left.dtype.names or ():
        # Field by field: tobytes() leaves what lies between them to chance.
        assert_same_array(left[name], right[name])


def significant_bytes(array: np.ndarray[Any, Any]) -> bytes:
    """The bytes of `array`, without those that an 80-bit long double leaves to chance."""
    if array.dtype.char not in "gG" or np.finfo(np.longdouble).nmant != 63:
        return array.tobytes()
    native = array.astype(array.dtype.newbyteorder("="))
    stored = np.dtype(np.longdouble).itemsize
    return np.frombuffer(native.tobytes(), np.uint8).reshape(-1, stored)[:, :10].tobytes()


def assert_same_dtype(left: np.dtype[Any], right: np.dtype[Any]) -> None:
    """Equal, and equal where NumPy does not look."""
    assert left == right
    assert left.char == right.char
    assert left.byteorder == right.byteorder
    assert left.type is right.type
    assert left.isalignedstruct == right.isalignedstruct
    assert left.fields == right.fields
