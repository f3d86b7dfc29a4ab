"""The dtypes and shapes of batches, and what a ragged one says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pipelines import canonical

from dataflow_core.collate import (
    allocating,
    collate_lists,
    collate_padded,
    collate_stacked,
    pad,
    stack,
)
from dataflow_core.errors import BatchError


class Pair(NamedTuple):
    image: Any
    label: Any


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, -2], "int32"),
        ([2**31 - 1, -(2**31)], "int32"),
        ([True, False], "bool"),
        ([1.5, 2.0], "float32"),
        ([np.int64(1), np.int64(2)], "int64"),
        ([np.uint8(1), np.uint8(2)], "uint8"),
        ([np.float64(1), np.float64(2)], "float64"),
        ([np.float16(1), np.float16(2)], "float16"),
        ([np.bool_(True), np.bool_(False)], "bool"),
        ([np.complex64(1j), np.complex64(2)], "complex64"),
        ([np.array(1, "uint16"), np.array(2, "uint16")], "uint16"),
        ([np.zeros((2, 3), "int8")] * 2, "int8"),
        ([np.zeros((0,), "float64")] * 2, "float64"),
        ([np.zeros((2, 0, 3), "float32")] * 2, "float32"),
        ([np.array(["2020-01-01"], "datetime64[D]")] * 2, "datetime64[D]"),
    ],
)
def test_python_numbers_get_small_dtypes_and_numpy_values_keep_theirs(
    values: list[Any], dtype: str
) -> None:
    out = stack(values, 0)
    assert out.dtype == np.dtype(dtype)
    assert out.shape == (2, *np.shape(values[0]))
    assert out.tolist() == [np.asarray(value).tolist() for value in values]


@given(
    st.integers(1, 4),
    hnp.arrays(
        hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    ),
)
def test_equal_arrays_stack_as_numpy_stacks_them(count: int, array: npt.NDArray[Any]) -> None:
    assert canonical(stack([array] * count, 0)) == canonical(np.stack([array] * count))


@pytest.mark.parametrize("beyond", [2**31, -(2**31) - 1, 10**30])
def test_an_int_beyond_32_bits_is_refused_and_not_cut(beyond: int) -> None:
    for values in ([1, beyond], [np.int64(3), beyond], [True, beyond], [0.5, beyond]):
        with pytest.raises(BatchError, match=rf"component 'x'.*{beyond}.*int32.*numpy\.int64"):
            stack(values, "x")


def test_bools_among_ints_become_ints_and_ints_among_floats_floats() -> None:
    assert stack([1, True], 0).dtype.kind == "i"
    assert stack([True, 1], 0).tolist() == [1, 1]
    for values in ([0.5, 1], [1, 0.5]):
        mixed = stack(values, 0)
        assert mixed.dtype == np.float32
        assert mixed.tolist() == values


def test_arrays_of_several_dtypes_are_promoted_not_truncated() -> None:
    out = stack([np.array([1], "uint8"), np.array([0.5], "float32")], 0)
    assert out.tolist() == [[1.0], [0.5]]
    assert out.dtype == np.float32


@pytest.mark.parametrize("dtypes", ["fd", "df", ">i4 <i4", "u1 i1"])
def test_so_they_are_in_memory_that_is_given(dtypes: str) -> None:
    kinds = dtypes.split() if " " in dtypes else [*dtypes]
    arrays = [np.arange(80_000).astype(kind) for kind in kinds]
    given: list[npt.NDArray[np.uint8]] = []

    def allocate(nbytes: int) -> npt.NDArray[np.uint8]:
        given.append(np.zeros(nbytes, np.uint8))
        return given[-1]

    with allocating(allocate):
        stacked = stack(arrays, 0)
        alike = stack(arrays[:1] * 2, 0)
    expected = np.stack(arrays)
    assert stacked.dtype == expected.dtype
    np.testing.assert_array_equal(stacked, expected)
    assert np.shares_memory(alike, given[-1])


def test_strings_bytes_and_objects_become_an_array_of_those_objects() -> None:
    thing = object()
    for values in (["a", "bcd"], [b"a\0", b"b"], [None, thing], [{"a": 1}, {"b": 2}]):
        out = stack(values, 0)
        assert out.dtype == object
        assert out.shape == (2,)
        assert all(one is other for one, other in zip(out, values))


def test_lists_of_numbers_stack_like_arrays() -> None:
    assert stack([[1, 2], [3, 4]], 0).tolist() == [[1, 2], [3, 4]]
    assert stack([(1.0, 2.0), (3.0, 4.0)], 0).shape == (2, 2)


@pytest.mark.parametrize(
    "shapes", [[(2, 3), (2, 4)], [(2, 3), (3,)], [(6,), (2, 3)], [(), (1,)], [(2, 3), (1, 3)]]
)
def test_ragged_shapes_are_listed_by_position_with_the_remedies(
    shapes: list[tuple[int, ...]],
) -> None:
    with pytest.raises(BatchError) as raised:
        stack([np.zeros(shape) for shape in shapes], "image")
    message = str(raised.value)
    assert "'image'" in message
    for position, shape in enumerate(shapes):
        assert f"{position}: {shape}" in message
    assert "PadBatchData" in message
    assert "use_list=True" in message


def test_equal_lengths_with_other_shapes_are_not_taken_for_equal() -> None:
    # Concatenated, these have as many rows as two arrays of the first shape.
    with pytest.raises(BatchError):
        stack([np.zeros((2, 3)), np.zeros((1, 3)), np.zeros((3, 3))], 0)


def test_a_ragged_batch_of_many_lists_only_the_first_shapes() -> None:
    with pytest.raises(BatchError, match=r"15: \(1,\), \.\.\.;"):
        stack([np.zeros(1)] * 40 + [np.zeros(2)], 0)


def test_ragged_lists_of_numbers_are_a_batch_error_too() -> None:
    with pytest.raises(BatchError):
        stack([[1, 2], [3]], "boxes")


def test_containers_keep_their_type() -> None:
    assert type(collate_stacked([[1, 2], [3, 4]])) is list
    assert type(collate_stacked([(1, 2), (3, 4)])) is tuple
    pair = collate_stacked([Pair(1, 2), Pair(3, 4)])
    assert type(pair) is Pair
    assert pair.label.tolist() == [2, 4]
    both = collate_stacked([{"a": 1, "b": 2.0}, {"b": 3.0, "a": 4}])
    assert list(both) == ["a", "b"]
    assert both["a"].tolist() == [1, 4]
    assert both["b"].tolist() == [2.0, 3.0]


def test_lists_are_collated_into_lists_of_the_same_objects() -> None:
    one, two = np.zeros(2), np.zeros(3)
    assert collate_lists([{"x": one}, {"x": two}])["x"][1] is two
    assert type(collate_lists([Pair(1, 2)])) is Pair


@pytest.mark.parametrize(
    ("datapoints", "told"),
    [
        ([[1, 2], [1]], r"numbers of components: \[2, 1\]"),
        ([[1], {"a": 1}], "dict"),
        ([[1], 5], "int"),
        ([{"a": 1}, {"b": 1}], r"\['a'\] at 0.*\['b'\] at 1"),
        ([{"a": 1}, [1]], "list at 1"),
        ([5, 6], r"not int.*map\(lambda x: \[x\]\)"),
        ([np.zeros(2), np.zeros(2)], "not ndarray"),
    ],
)
def test_datapoints_that_do_not_belong_together_are_named(datapoints: list[Any], told: str) -> None:
    with pytest.raises(BatchError, match=told):
        collate_stacked(datapoints)


@given(
    st.lists(
        hnp.arrays("int16", hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4)),
        min_size=1,
        max_size=4,
    )
)
def test_padding_keeps_every_value_and_fills_the_rest(arrays: list[npt.NDArray[Any]]) -> None:
    out = pad(arrays, 0, -7)
    assert out.dtype == np.int16
    assert out.shape[1:] == tuple(np.max([array.shape for array in arrays], axis=0))
    for row, array in zip(out, arrays):
        height, width = array.shape
        assert (row[:height, :width] == array).all()
        assert (row[height:] == -7).all()
        assert (row[:, width:] == -7).all()


def test_padding_takes_scalars_and_arrays_without_dimensions_as_they_are() -> None:
    assert pad([1, 2], 0).dtype == np.int32
    assert pad([np.array(1, "uint8"), np.array(2, "uint8")], 0).tolist() == [1, 2]
    assert collate_padded([["a", [1]], ["b", [2, 3]]], 9)[1].tolist() == [[1, 9], [2, 3]]


def test_padding_cannot_mend_different_numbers_of_dimensions() -> None:
    with pytest.raises(BatchError, match=r"'x'.*dimensions.*\[1, 2\]"):
        pad([np.zeros(1), np.zeros((1, 1))], "x")


@pytest.mark.parametrize(
    "values",
    [
        [np.datetime64("2020-01-01", "D"), 1],
        [1, np.datetime64("2020-01-01", "D")],
        [np.array(["2020-01-01"], "datetime64[D]"), np.array([1.5])],
    ],
)
def test_dtypes_that_do_not_go_together_are_named(values: list[Any]) -> None:
    with pytest.raises(BatchError, match=r"component 'when' has dtypes .*datetime64\[D\], "):
        stack(values, "when")
