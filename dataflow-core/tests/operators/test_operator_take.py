"""TakeData, SkipData and ShardData."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import Numbered, canonical, outcome

import dataflow_core as df


def numbers(count: int) -> df.DataFlow:
    return df.DataFromList(list(range(count)), shuffle=False)


def generated(count: int) -> df.DataFlow:
    def gen() -> Iterator[Any]:
        yield from range(count)

    return df.DataFromGenerator(gen)


@pytest.mark.parametrize("source", [numbers, generated])
@pytest.mark.parametrize("num", [0, 1, 3, 5, 9])
def test_take_and_skip_split_an_epoch(source: Any, num: int) -> None:
    take, skip = df.TakeData(source(5), num), df.SkipData(source(5), num)
    for _ in range(2):
        assert list(take) == list(range(5))[:num]
        assert list(skip) == list(range(5))[num:]


def test_lengths_of_take_and_skip() -> None:
    assert [len(numbers(5).take(n)) for n in (0, 3, 9)] == [0, 3, 5]
    assert [len(numbers(5).skip(n)) for n in (0, 3, 9)] == [5, 2, 0]
    for flow in (generated(5).take(2), generated(5).skip(2)):
        with pytest.raises(df.UnknownLengthError):
            len(flow)


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="num of TakeData is at least 0, got -1"):
        df.TakeData(numbers(3), -1)
    with pytest.raises(ValueError, match="num of SkipData is at least 0, got -1"):
        df.SkipData(numbers(3), -1)


def test_skip_counts_datapoints_that_arrive_not_positions() -> None:
    assert list(numbers(6).filter(lambda n: n % 2).skip(1)) == [3, 5]
    assert list(numbers(6).filter(lambda n: n % 2).take(2)) == [1, 3]


def test_skipped_datapoints_of_an_indexed_source_are_never_read() -> None:
    source = Numbered("list", 10)
    list(source.skip(7))
    assert source.reads == [7, 8, 9]
    source.reads.clear()
    list(source.batch(2).skip(3))
    assert source.reads == [6, 7, 8, 9]


def test_take_reads_no_more_than_it_hands_out() -> None:
    source = Numbered("list", 10)
    list(source.take(3))
    assert source.reads == [0, 1, 2]
    source.reads.clear()
    list(source.take(0))
    assert source.reads == []


@given(st.integers(0, 20), st.integers(1, 5), st.booleans())
def test_the_shards_together_are_the_unsharded_stream(size: int, count: int, shuffle: bool) -> None:
    whole = Numbered("list", size, shuffle=shuffle)
    whole.reset_state(3)
    shards = [
        df.ShardData(Numbered("list", size, shuffle=shuffle), index, count)
        for index in range(count)
    ]
    for shard in shards:
        shard.reset_state(3)
    for _ in range(2):
        everything = outcome(whole)
        for index, shard in enumerate(shards):
            assert outcome(shard) == everything[index::count]
            assert len(shard) == len(everything[index::count])


def test_the_other_shards_of_an_indexed_source_are_never_read() -> None:
    source = Numbered("list", 10)
    list(source.map(lambda dp: dp).shard(1, 3))
    assert source.reads == [1, 4, 7]


def test_a_shard_after_a_map_draws_what_the_whole_flow_draws() -> None:
    def draw(_: Any) -> int:
        return int(df.rng().integers(1 << 30))

    whole, part = numbers(10).map(draw), numbers(10).map(draw).shard(1, 2)
    whole.reset_state(1)
    part.reset_state(1)
    assert list(part) == list(whole)[1::2]


@given(st.integers(0, 40), st.integers(1, 4), st.integers(1, 4), st.data(), st.booleans())
def test_a_shard_of_a_shard_divides_further(
    size: int, outer: int, inner: int, data: st.DataObject, indexed: bool
) -> None:
    i, j = data.draw(st.integers(0, inner - 1)), data.draw(st.integers(0, outer - 1))
    source = numbers(size) if indexed else generated(size)
    flow = source.shard(i, inner).shard(j, outer)
    assert list(flow) == list(range(size))[i::inner][j::outer]


@pytest.mark.parametrize("source", [numbers, generated])
def test_a_shard_keeps_positions_whether_stages_before_drop_some_or_not(source: Any) -> None:
    flow = source(10).filter(lambda n: n != 1).shard(1, 2)
    assert list(flow) == [3, 5, 7, 9]


def test_a_shard_of_batches_takes_whole_batches() -> None:
    out = [batch[0].tolist() for batch in numbers(10).map(lambda n: [n]).batch(2).shard(1, 2)]
    assert out == [[2, 3], [6, 7]]


@pytest.mark.parametrize("source", [numbers, generated])
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 6))
def test_resuming_with_another_count_continues_the_same_global_order(
    source: Any, before: int, after: int, rounds: int
) -> None:
    size = 23
    taken: list[int] = []
    states: list[dict[str, object]] = []
    for index in range(before):
        flow = source(size).map(lambda n: n).shard(index, before)
        flow.reset_state(1)
        iterator = iter(flow)
        taken += islice(iterator, rounds)
        states.append(flow.state_dict())
    if before * rounds > size:
        return
    rest = []
    for index in range(after):
        flow = source(size).map(lambda n: n).shard(index, after)
        flow.load_state_dict(states[index % before])
        rest.append(list(flow))
    assert sorted(taken) == list(range(before * rounds))
    assert sorted(functools.reduce(operator.iadd, rest, [])) == list(range(before * rounds, size))
    for index, part in enumerate(rest):
        assert all(n % after == index for n in part)


@pytest.mark.parametrize(("index", "count"), [(2, 2), (-1, 2), (0, 0), (5, 3)])
def test_an_index_outside_the_count_is_refused(index: int, count: int) -> None:
    with pytest.raises(ValueError, match="of ShardData"):
        df.ShardData(numbers(3), index, count)


def test_a_shard_keeps_types() -> None:
    assert canonical(next(iter(numbers(3).shard(1, 2)))) == ("int", 1)
