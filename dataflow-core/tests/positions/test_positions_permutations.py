"""Shuffles of indexed sources: permutations held in memory and computed ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataflow_core as df
from dataflow_core.flow import index_run
from dataflow_core.rng import Bijection


@given(st.integers(1, 3000), st.integers(0, 2**32))
def test_a_bijection_is_a_permutation(size: int, seed: int) -> None:
    permuted = Bijection(size, np.random.default_rng(seed)).at(np.arange(size))
    assert permuted.dtype == np.int64
    assert sorted(permuted.tolist()) == list(range(size))


@settings(max_examples=30)
@given(st.integers(2**24, 2**62), st.integers(0, 99), st.data())
def test_a_huge_bijection_stays_inside_and_meets_no_index_twice(
    size: int, seed: int, data: st.DataObject
) -> None:
    positions = np.array(
        data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=50, unique=True))
    )
    bijection = Bijection(size, np.random.default_rng(seed))
    indices = bijection.at(positions)
    assert ((indices >= 0) & (indices < size)).all()
    assert len(set(indices.tolist())) == len(positions)
    one_by_one = [int(bijection.at(positions[i : i + 1])[0]) for i in range(len(positions))]
    assert one_by_one == indices.tolist()


def test_a_bijection_does_not_write_into_the_positions_it_is_given() -> None:
    positions = np.arange(10, dtype=np.uint64)
    Bijection(10, np.random.default_rng(0)).at(positions)
    assert positions.tolist() == list(range(10))


def test_a_bijection_mixes_neighbours() -> None:
    size = 100_000
    permuted = Bijection(size, np.random.default_rng(1)).at(np.arange(size)).astype(float)
    assert abs(np.corrcoef(np.arange(size), permuted)[0, 1]) < 0.02
    steps = np.abs(np.diff(permuted))
    assert abs(steps.mean() / size - 1 / 3) < 0.01
    assert abs(permuted[: size // 10].mean() / size - 0.5) < 0.02


def test_keys_give_different_permutations() -> None:
    orders = {
        tuple(Bijection(50, np.random.default_rng(seed)).at(np.arange(50)).tolist())
        for seed in range(20)
    }
    assert len(orders) == 20


@pytest.mark.parametrize("max_held", [1 << 24, 4])
@given(size=st.integers(0, 60), count=st.integers(1, 4), data=st.data())
@settings(max_examples=40)
def test_a_shuffled_source_resumes_and_shards_alike_whether_its_order_is_held_or_computed(
    max_held: int, size: int, count: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_run, "MAX_HELD", max_held)
        patch.setattr(index_run, "BLOCK", 7)
        flow = df.DataFromList(list(range(size)))
        flow.reset_state(5)
        whole, following = list(flow), list(flow)
        assert sorted(whole) == list(range(size))
        index = data.draw(st.integers(0, count - 1))
        shard = df.DataFromList(list(range(size))).shard(index, count)
        shard.reset_state(5)
        assert list(shard) == whole[index::count]
        position = data.draw(st.integers(0, size))
        flow.reset_state(5)
        for _, _ in zip(range(position), flow):
            pass
        flow.reset_state(5)
        iterator = iter(flow)
        for _ in range(position):
            next(iterator)
        resumed = df.DataFromList(list(range(size)))
        resumed.load_state_dict(flow.state_dict())
        assert list(resumed) == whole[position:]
        assert list(resumed) == following


def test_a_source_of_two_billion_starts_at_once_and_repeats_nothing() -> None:
    class Huge(df.IndexedDataFlow):
        def __len__(self) -> int:
            return 2_000_000_000

        def __getitem__(self, index: int, /) -> int:
            return index

    flow = Huge(shuffle=True)
    flow.reset_state(1)
    first = list(flow.take(10_000))
    assert len(set(first)) == 10_000
    assert max(first) > 1_900_000_000
    state = {**flow.state_dict(), "position": 1_999_999_990}
    flow.load_state_dict(state)
    last = list(flow)
    assert len(set(last)) == 10
