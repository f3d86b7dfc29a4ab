"""Stages over one that hands out in any order: each datapoint once, also over a resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

import dataflow_core as df

SIZE = 60


class Written(df.ProxyDataFlow):
    def get_data(self) -> Iterator[Any]:
        yield from self.ds


Over = Callable[[df.DataFlow], df.DataFlow]

STAGES: dict[str, Over] = {
    "nothing": lambda ds: ds,
    "a map": lambda ds: ds.map(lambda dp: dp),
    "a batch": lambda ds: ds.batch(2),
    "a join": lambda ds: df.JoinData([ds]),
    "a mix": lambda ds: df.RandomMixData([ds]),
    "a choice": lambda ds: df.RandomChooseData([ds]),
    "a row": lambda ds: df.ConcatData([ds]),
    "a repetition": lambda ds: ds.repeat(1),
    "a fixed size": lambda ds: ds.fixed_size(SIZE),
    "a shuffle": lambda ds: ds.shuffle(4),
    "batches by shape": lambda ds: ds.batch_by_shape(1, 0),
    "a cache": lambda ds: ds.cache(),
    "a generator": Written,
    "workers": lambda ds: ds.map(lambda dp: dp).parallel(2, "thread"),
    "workers in any order": lambda ds: (
        ds.repeat(1).map(lambda dp: dp).parallel(2, "thread", ordered=False)
    ),
    "workers that batch": lambda ds: ds.batch(2).map(lambda dp: dp).parallel(2, "thread"),
    "workers that batch in any order": lambda ds: (
        ds.batch(2).map(lambda dp: dp).parallel(2, "thread", ordered=False)
    ),
    "workers that batch what is left": lambda ds: (
        ds.filter(lambda dp: True).batch(2).parallel(2, "thread")
    ),
}


class Slow:
    """Takes long for one datapoint in seven, and for another one each time."""

    def __init__(self, first: int) -> None:
        self.first = first

    def __call__(self, dp: Any) -> Any:
        time.sleep(0.01 if (dp[0] + self.first) % 7 == 0 else 0.0005)
        return dp


def numbers(dps: Iterator[Any]) -> list[int]:
    """Return the numbers in datapoints, batched or not."""
    return [int(each) for dp in dps for each in (dp[0] if hasattr(dp[0], "__len__") else dp[:1])]


@pytest.mark.filterwarnings("ignore:.*can only be run by one worker")
@pytest.mark.parametrize("over", STAGES.values(), ids=STAGES.keys())
@pytest.mark.parametrize("ordered", [False, 5])
def test_each_datapoint_comes_once_over_a_resume(over: Over, ordered: bool | int) -> None:
    def flow(first: int) -> df.DataFlow:
        source = df.DataFromList([[number] for number in range(SIZE)], shuffle=False)
        return over(source.map(Slow(first)).parallel(3, "thread", ordered=ordered))

    with flow(0) as begun:
        begun.reset_state(1)
        head = numbers(islice(begun, 11))
        state = json.loads(json.dumps(begun.state_dict()))
    with flow(3) as resumed:
        resumed.load_state_dict(state)
        rest = numbers(iter(resumed))
    assert sorted(head + rest) == [*range(SIZE)]


@pytest.mark.parametrize("index", [0, 1])
def test_a_shard_of_it_loses_nothing_over_a_resume(index: int) -> None:
    def flow(first: int) -> df.DataFlow:
        source = df.DataFromList([[number] for number in range(SIZE)], shuffle=False)
        return source.map(Slow(first)).parallel(3, "thread", ordered=False).shard(index, 2)

    with flow(0) as begun, flow(3) as resumed:
        begun.reset_state(1)
        head = numbers(islice(begun, 7))
        resumed.load_state_dict(begun.state_dict())
        assert sorted(head + numbers(iter(resumed))) == [*range(index, SIZE, 2)]


def test_epochs_of_a_fixed_size_over_it_are_the_same_each_time() -> None:
    def flow(first: int) -> df.DataFlow:
        source = df.DataFromList([[number] for number in range(SIZE)], shuffle=False)
        return source.map(Slow(first)).parallel(3, "thread", ordered=False).fixed_size(25)

    with flow(0) as walked, flow(3) as jumped:
        epochs = [numbers(iter(walked)) for _ in range(2)]
        jumped.set_epoch(1)
        assert numbers(iter(jumped)) == epochs[1]
