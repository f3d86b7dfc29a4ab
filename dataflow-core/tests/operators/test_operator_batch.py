"""BatchData, BatchDataByShape and PadBatchData."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow_core as df


def numbers(count: int) -> df.DataFlow:
    return df.DataFromList([[number] for number in range(count)], shuffle=False)


def arrays(*lengths: int) -> df.DataFlow:
    items = [[np.full(length, number), number] for number, length in enumerate(lengths)]
    return df.DataFromList(items, shuffle=False)


def values(flow: df.DataFlow) -> list[list[int]]:
    return [batch[0].tolist() for batch in flow]


@pytest.mark.parametrize("operator", [df.BatchData, df.PadBatchData])
def test_the_last_incomplete_batch_is_left_out_unless_asked_for(operator: Any) -> None:
    assert values(operator(numbers(5), 2)) == [[0, 1], [2, 3]]
    assert values(operator(numbers(5), 2, remainder=True)) == [[0, 1], [2, 3], [4]]
    assert values(operator(numbers(4), 2, remainder=True)) == [[0, 1], [2, 3]]
    assert values(operator(numbers(0), 2, remainder=True)) == []


@pytest.mark.parametrize("operator", [df.BatchData, df.PadBatchData])
def test_the_length_counts_batches(operator: Any) -> None:
    for count in range(1, 9):
        for size in range(1, count + 1):
            for remainder in (False, True):
                flow = operator(numbers(count), size, remainder=remainder)
                assert len(flow) == len(list(flow))


@pytest.mark.parametrize("operator", [df.BatchData, df.PadBatchData])
def test_a_batch_larger_than_a_known_length_is_refused_at_construction(operator: Any) -> None:
    with pytest.raises(ValueError, match=r"3 datapoints.*batch_size up to 3.*remainder=True") as e:
        operator(numbers(3), 4)
    assert isinstance(e.value, df.BatchError)
    assert values(operator(numbers(3), 4, remainder=True)) == [[0, 1, 2]]
    assert values(operator(numbers(3).filter(lambda dp: True), 4)) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda size: df.BatchData(numbers(3), size),
        lambda size: df.PadBatchData(numbers(3), size),
        lambda size: df.BatchDataByShape(numbers(3), size, 0),
    ],
)
def test_a_batch_size_is_a_positive_integer(make: Any) -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=rf"batch_size of \w+ is at least 1, got {wrong}"):
            make(wrong)
    for odd in (2.0, "2", None):
        with pytest.raises(TypeError, match=r"batch_size of .* is an integer"):
            make(odd)
    assert len(list(make(np.int64(2)))) == 1


def test_dicts_and_tuples_are_batched_component_by_component() -> None:
    flow = df.DataFromList([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}], shuffle=False)
    (batch,) = flow.batch(2)
    assert batch["x"].tolist() == [1, 2]
    assert batch["y"].tolist() == ["a", "b"]
    (pair,) = df.DataFromList([(1, 2.0), (3, 4.0)], shuffle=False).batch(2)
    assert isinstance(pair, tuple)
    assert [one.dtype.name for one in pair] == ["int32", "float32"]


def test_use_list_keeps_lists_of_what_does_not_stack() -> None:
    (batch,) = arrays(1, 2).batch(2, use_list=True)
    assert [len(one) for one in batch[0]] == [1, 2]
    assert batch[1] == [0, 1]
    assert type(batch[1]) is list


def test_a_ragged_batch_names_the_stage_the_batch_and_the_shapes() -> None:
    flow = arrays(1, 1, 1, 2).batch(2)
    iterator = iter(flow)
    next(iterator)
    with pytest.raises(df.BatchError, match=r"component 0 .*0: \(1,\), 1: \(2,\)") as raised:
        next(iterator)
    assert any("BatchData(2)" in n and "position 1" in n for n in raised.value.__notes__)


def test_an_int_beyond_32_bits_names_its_component() -> None:
    with pytest.raises(df.BatchError, match="component 'id' holds the int 4294967296"):
        list(df.DataFromList([{"id": 2**32}]).batch(1))


def test_batches_of_batches_have_two_axes() -> None:
    (batch,) = numbers(4).batch(2).batch(2)
    assert batch[0].tolist() == [[0, 1], [2, 3]]


def test_batches_do_not_share_memory_with_the_datapoints() -> None:
    item = [np.zeros(2)]
    (batch,) = df.DataFromList([item]).batch(1)
    batch[0][:] = 1
    assert item[0].tolist() == [0, 0]


def test_a_dropped_datapoint_does_not_leave_a_hole_in_its_batch() -> None:
    flow = numbers(6).map(lambda dp: None if dp[0] == 1 else dp)
    assert values(flow.batch(2)) == [[0, 2], [3, 4]]


def test_batches_by_shape_hold_one_shape_each_and_come_when_they_are_full() -> None:
    flow = df.BatchDataByShape(arrays(1, 2, 1, 3, 2, 1, 3, 1), 2, 0)
    assert [(batch[0].shape, batch[1].tolist()) for batch in flow] == [
        ((2, 1), [0, 2]),
        ((2, 2), [1, 4]),
        ((2, 3), [3, 6]),
        ((2, 1), [5, 7]),
    ]


def test_batches_by_shape_leave_out_what_is_left_unless_asked_for() -> None:
    flow = df.BatchDataByShape(arrays(2, 1, 2, 3), 2, 0)
    assert [batch[1].tolist() for batch in flow] == [[0, 2]]
    rest = df.BatchDataByShape(arrays(2, 1, 2, 3, 1, 1), 2, 0, remainder=True)
    assert [batch[1].tolist() for batch in rest] == [[0, 2], [1, 4], [3], [5]]
    with pytest.raises(df.UnknownLengthError, match="BatchDataByShape"):
        len(rest)


def test_batches_by_shape_of_dicts_and_a_missing_component() -> None:
    items = [{"x": np.zeros(n % 2)} for n in range(4)]
    flow = df.DataFromList(items, shuffle=False)
    assert [batch["x"].shape for batch in flow.batch_by_shape(2, "x")] == [(2, 0), (2, 1)]
    with pytest.raises(df.ComponentError, match="BatchDataByShape asks for component 'y'"):
        list(flow.batch_by_shape(2, "y"))


def test_padding_fills_each_component_to_the_largest_of_its_batch() -> None:
    flow = df.PadBatchData(arrays(1, 3, 2, 2), 2, pad_value=-1)
    first, second = flow
    assert first[0].tolist() == [[0, -1, -1], [1, 1, 1]]
    assert second[0].tolist() == [[2, 2], [3, 3]]
    assert first[1].tolist() == [0, 1]
    assert first[1].dtype == np.int32
    assert first[0].dtype == np.full(1, 0).dtype


def test_padding_dicts_of_images() -> None:
    items = [{"image": np.ones((h, 4 - h, 3), "uint8")} for h in (1, 3)]
    (batch,) = df.DataFromList(items, shuffle=False).padded_batch(2)
    assert batch["image"].shape == (2, 3, 3, 3)
    assert batch["image"].dtype == np.uint8
    assert batch["image"].sum() == 2 * 9


@pytest.mark.parametrize(
    ("dtype", "pad_value"),
    [("uint8", -1), ("uint8", 256), ("int32", 0.5), ("int32", float("nan")), ("bool", 2)],
)
def test_what_a_dtype_cannot_hold_pads_nothing(dtype: str, pad_value: float) -> None:
    ragged = [[np.ones(length, dtype)] for length in (1, 2)]
    flow = df.DataFromList(ragged, shuffle=False).padded_batch(2, pad_value=pad_value)
    with pytest.raises(df.BatchError, match=f"component 0 is of dtype {dtype}.*padded with"):
        list(flow)
    even = [[np.ones(2, dtype)] for _ in range(2)]
    ((batch,),) = df.DataFromList(even, shuffle=False).padded_batch(2, pad_value=pad_value)
    assert batch.dtype == dtype
    assert (batch == 1).all()


@pytest.mark.parametrize(
    ("dtype", "pad_value"), [("uint8", 255), ("int16", -7.0), ("float16", -1), ("bool", 1)]
)
def test_what_a_dtype_can_hold_pads(dtype: str, pad_value: float) -> None:
    ragged = [[np.zeros(length, dtype)] for length in (1, 2)]
    ((batch,),) = df.DataFromList(ragged, shuffle=False).padded_batch(2, pad_value=pad_value)
    assert batch[0].tolist() == [0, pad_value]


def test_by_shape_says_which_datapoint_lacks_the_component() -> None:
    flow = df.BatchDataByShape(df.DataFromList([[1, 2], [1]], shuffle=False), 2, 1)
    with pytest.raises(df.ComponentError) as raised:
        list(flow)
    (note,) = raised.value.__notes__
    assert "in stage BatchDataByShape(2, idx=1" in note
    assert "position 1" in note
