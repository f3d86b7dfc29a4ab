"""FixedSizeData, RepeatedData and RepeatedDataPoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

import dataflow_core as df


def one_to(last: int) -> df.DataFlow:
    return df.DataFromList(list(range(1, last + 1)), shuffle=False)


def generator_to(last: int) -> df.DataFlow:
    def gen() -> Iterator[Any]:
        yield from range(1, last + 1)

    return df.DataFromGenerator(gen)


@pytest.mark.parametrize("source", [one_to, generator_to])
def test_keep_state_goes_on_where_the_last_epoch_ended(source: Any) -> None:
    flow = df.FixedSizeData(source(5), 3)
    assert [list(flow) for _ in range(5)] == [[1, 2, 3], [4, 5, 1], [2, 3, 4], [5, 1, 2], [3, 4, 5]]
    assert len(flow) == 3


@pytest.mark.parametrize("source", [one_to, generator_to])
def test_without_keep_state_every_epoch_begins_anew(source: Any) -> None:
    flow = df.FixedSizeData(source(5), 3, keep_state=False)
    assert [list(flow) for _ in range(3)] == [[1, 2, 3]] * 3
    assert list(df.FixedSizeData(source(2), 5, keep_state=False)) == [1, 2, 1, 2, 1]


def test_a_size_beyond_the_upstream_repeats_it() -> None:
    flow = df.FixedSizeData(one_to(2), 5)
    assert [list(flow), list(flow)] == [[1, 2, 1, 2, 1], [2, 1, 2, 1, 2]]


@pytest.mark.parametrize("source", [one_to, generator_to])
def test_an_epoch_broken_off_counts_whole(source: Any) -> None:
    flow = df.FixedSizeData(source(5), 3)
    for _ in flow:
        break
    assert list(flow) == [4, 5, 1]


@pytest.mark.parametrize("source", [one_to, generator_to])
def test_reset_close_and_set_epoch_leave_nothing_of_the_old_repetition(source: Any) -> None:
    flow = df.FixedSizeData(source(5), 3)
    list(flow)
    flow.reset_state()
    assert list(flow) == [1, 2, 3]
    flow.close()
    assert list(flow) == [4, 5, 1]
    flow.set_epoch(0)
    assert list(flow) == [1, 2, 3]
    flow.set_epoch(4)
    assert list(flow) == [3, 4, 5]


def test_an_exception_in_a_stage_after_it_does_not_shift_the_next_epoch() -> None:
    hits: list[int] = []

    def once(number: int) -> int:
        if number == 2 and not hits:
            hits.append(number)
            raise ValueError("once")
        return number

    for flow in (one_to(5).fixed_size(3).map(once), one_to(5).map(once).fixed_size(3)):
        hits.clear()
        with pytest.raises(ValueError, match="once"):
            list(flow)
        assert list(flow) == [4, 5, 1]


def test_an_exception_beside_it_does_not_shift_the_next_epoch() -> None:
    hits: list[int] = []

    def once(dp: Any) -> Any:
        if dp == (1,) and not hits:
            hits.append(1)
            raise ValueError("once")
        return dp

    left = df.DataFromList([(0,), (1,), (2,)], shuffle=False).map(once)
    flow = left.join(generator_to(5).map(lambda number: (number,)).fixed_size(3))
    with suppress(ValueError):  # pytest.raises would hold on to the frames
        list(flow)
    assert hits
    assert list(flow) == [(0, 4), (1, 5), (2, 1)]


@pytest.mark.parametrize("keep_state", [True, False])
def test_an_upstream_without_datapoints_raises_instead_of_looping(keep_state: bool) -> None:
    with pytest.raises(df.EmptyDataFlowError, match=r"FixedSizeData\(3.*DataFromList\(0 items"):
        list(df.FixedSizeData(df.DataFromList([]), 3, keep_state))
    nothing = one_to(3).filter(lambda number: False)
    with pytest.raises(df.EmptyDataFlowError, match="FilterData"):
        list(df.FixedSizeData(nothing, 3, keep_state))
    with pytest.raises(df.EmptyDataFlowError):
        list(df.RepeatedData(nothing, -1))
    with pytest.raises(df.EmptyDataFlowError):
        list(df.RepeatedData(df.DataFromList([]), -1))


def test_a_finite_repetition_of_nothing_is_nothing() -> None:
    assert list(df.RepeatedData(df.DataFromList([]), 3)) == []


def test_each_pass_is_a_new_epoch_of_the_upstream() -> None:
    source = df.DataFromList(list(range(8)))
    source.reset_state(5)
    plain = [list(source) for _ in range(4)]
    repeated = df.RepeatedData(df.DataFromList(list(range(8))), 2)
    repeated.reset_state(5)
    assert list(repeated) == plain[0] + plain[1]
    assert list(repeated) == plain[2] + plain[3]
    fixed = df.FixedSizeData(df.DataFromList(list(range(8))), 16)
    fixed.reset_state(5)
    assert list(fixed) == plain[0] + plain[1]


def test_repeating_forever_has_no_length_and_every_pass_differs() -> None:
    flow = df.RepeatedData(df.DataFromList(list(range(9))), -1)
    with pytest.raises(df.UnknownLengthError):
        len(flow)
    flow.reset_state(1)
    endless = iter(flow)
    passes = [tuple(next(endless) for _ in range(9)) for _ in range(4)]
    assert all(sorted(one) == list(range(9)) for one in passes)
    assert len(set(passes)) == 4


def test_repetitions_within_repetitions_come_to_an_end() -> None:
    inner = one_to(5).fixed_size(3).repeat(-1).take(4)
    assert [list(inner), list(inner)] == [[1, 2, 3, 4]] * 2
    twice = df.DataFromList([1, 2, 3]).repeat(-1).take(4).repeat(-1).take(6).repeat(-1).take(7)
    twice.reset_state(1)
    first, second, third = list(twice), list(twice), list(twice)
    assert len({tuple(first), tuple(second), tuple(third)}) > 1
    assert len(first) == len(second) == 7
    twice.reset_state(1)
    assert list(twice) == first
    nested = one_to(5).fixed_size(3, keep_state=False).fixed_size(4)
    assert [list(nested), list(nested)] == [[1, 2, 3, 1], [2, 3, 1, 2]]
    again = one_to(5).fixed_size(3).fixed_size(4)
    assert [list(again), list(again)] == [[1, 2, 3, 4], [5, 1, 2, 3]]


def test_each_datapoint_can_be_repeated() -> None:
    flow = df.RepeatedDataPoint(one_to(3), 2)
    assert list(flow) == [1, 1, 2, 2, 3, 3]
    assert len(flow) == 6


def test_the_repeated_datapoints_draw_anew() -> None:
    flow = df.DataFromList([0] * 3).repeat_each(4).map(lambda _: int(df.rng().integers(1 << 30)))
    flow.reset_state(1)
    assert len(set(flow)) == 12


@pytest.mark.parametrize("num", [0, -2])
def test_numbers_of_repetitions_make_sense(num: int) -> None:
    with pytest.raises(ValueError, match=r"num.*RepeatedData"):
        df.RepeatedData(one_to(1), num)
    with pytest.raises(ValueError, match="RepeatedDataPoint"):
        df.RepeatedDataPoint(one_to(1), num)
    with pytest.raises(ValueError, match="FixedSizeData"):
        df.FixedSizeData(one_to(1), num)


def test_lengths_multiply_and_stay_unknown() -> None:
    assert len(df.RepeatedData(one_to(3), 4)) == 12
    with pytest.raises(df.UnknownLengthError):
        len(df.RepeatedData(generator_to(3), 4))
    assert len(df.FixedSizeData(generator_to(3), 4)) == 4
