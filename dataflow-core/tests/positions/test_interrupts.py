"""An interrupt ends an epoch anywhere, Ctrl-C say, and the state then loses and repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.testing import assert_same_stream

SEED = 5


class Interrupting:
    """A function that draws, and at one of its calls is interrupted, if that is armed."""

    def __init__(self) -> None:
        self.calls_left: int | None = None

    def __call__(self, dp: Any) -> Any:
        if self.calls_left is not None:
            self.calls_left -= 1
            if not self.calls_left:
                self.calls_left = None
                raise KeyboardInterrupt
        return [*dp, df.rng().random()] if isinstance(dp, list) else dp


def numbers() -> df.DataFlow:
    return df.DataFromList([[number] for number in range(12)], shuffle=True)


Make = Callable[[Interrupting], df.DataFlow]

PIPELINES: dict[str, Make] = {
    "map": lambda f: numbers().map(f),
    "maps": lambda f: numbers().map(lambda dp: dp).map(f),
    "a filter": lambda f: numbers().filter(lambda dp: f(dp) is dp or dp[0] % 3 > 0),
    "under a batch": lambda f: numbers().map(f).batch(2),
    "over a batch": lambda f: numbers().batch(2, use_list=True).map(f),
    "under a shuffle": lambda f: numbers().map(f).shuffle(4),
    "over a shuffle": lambda f: numbers().shuffle(4).map(f),
    "under a join": lambda f: df.JoinData([numbers().map(f), numbers()]),
    "under a join, last": lambda f: df.JoinData([numbers(), numbers().map(f)]),
    "over a join": lambda f: df.JoinData([numbers(), numbers()]).map(f),
    "under a mix": lambda f: df.RandomMixData([numbers().map(f), numbers()]),
    "under a choice": lambda f: df.RandomChooseData([numbers().map(f), numbers()]),
    "in a row": lambda f: df.ConcatData([numbers(), numbers().map(f)]),
    "over a fixed size": lambda f: numbers().fixed_size(7).map(f),
    "under a fixed size": lambda f: numbers().map(f).fixed_size(7),
    "repeated": lambda f: numbers().map(f).repeat(2),
    "each repeated": lambda f: numbers().map(f).repeat_each(2),
    "sharded": lambda f: numbers().map(f).shard(1, 2),
    "inline": lambda f: numbers().map(f).parallel(1, "inline"),
    "batches inline": lambda f: numbers().map(f).batch(2).parallel(1, "inline"),
    "with the consumer": lambda f: (
        numbers().filter(lambda dp: dp[0] % 4 > 0).batch(2).map(f).parallel(2, "thread")
    ),
    "a smaller last batch": lambda f: (
        numbers().batch(5, remainder=True).map(f).parallel(1, "inline")
    ),
}


@pytest.mark.parametrize("make", PIPELINES.values(), ids=PIPELINES.keys())
def test_nothing_is_lost_and_nothing_comes_twice(make: Make) -> None:
    with make(Interrupting()) as whole:
        whole.reset_state(SEED)
        expected = list(whole)
    for call in range(1, 13):
        func = Interrupting()
        interrupted = make(func)
        interrupted.reset_state(SEED)
        got = []
        func.calls_left = call
        try:
            for dp in interrupted:
                got.append(dp)
        except KeyboardInterrupt:
            pass
        state = json.loads(json.dumps(interrupted.state_dict()))
        interrupted.close()
        with make(Interrupting()) as resumed:
            resumed.load_state_dict(state)
            rest = [] if len(got) == len(expected) else list(resumed)
        assert_same_stream(got + rest, expected)
