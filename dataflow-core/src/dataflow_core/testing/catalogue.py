"""Pipelines that between them hold every case a backend meets.

All functions and classes in them are local ones, so that they travel to other processes by value,
and workers need not import this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from dataflow_core.flow import DataFlow, IndexedDataFlow, RNGDataFlow
from dataflow_core.operators.choose import RandomChooseData
from dataflow_core.operators.concat import ConcatData
from dataflow_core.operators.join import JoinData
from dataflow_core.rng import rng
from dataflow_core.sources.from_generator import DataFromGenerator
from dataflow_core.sources.from_iterable import DataFromIterable
from dataflow_core.sources.from_list import DataFromList

SIZE = 17


def _pipelines() -> dict[str, Callable[[], DataFlow]]:
    class Indexed(IndexedDataFlow):
        def __len__(self) -> int:
            return SIZE_

        def __getitem__(self, index: int, /) -> Any:
            return [index, np.arange(index, index + 3) + rng().integers(100)]

    class Written(RNGDataFlow):
        def get_data(self) -> Iterator[Any]:
            for number in range(SIZE_):
                yield [number, self.rng.random(3)]

    SIZE_ = SIZE  # noqa: N806  a local, so that it travels with the classes

    def numbers() -> DataFlow:
        return DataFromList([[number, number / 2] for number in range(SIZE)], shuffle=True)

    def indexed(*, shuffle: bool = False) -> DataFlow:
        return Indexed(shuffle=shuffle)

    def generated() -> Iterator[Any]:
        for number in range(SIZE_):
            yield [number, np.full(2, number)]

    def draw(dp: Any) -> Any:
        return [*dp, rng().random(), int(rng().integers(1 << 30))]

    def drop_odd(dp: Any) -> Any:
        return None if dp[0] % 2 else dp

    def drop_by_lot(dp: Any) -> Any:
        return dp if rng().random() < 0.6 else None

    def scale(dp: Any) -> Any:
        return [dp[0] * 10, *dp[1:], rng().random()]

    def ragged(dp: Any) -> Any:
        return [np.full(1 + dp[0] % 3, dp[0]), dp[0]]

    return {
        "map with draws": lambda: numbers().map(draw).map(draw),
        "drops": lambda: numbers().map(draw).map(drop_odd).map(draw),
        "drops by lot": lambda: numbers().map(drop_by_lot).map(draw),
        "everything dropped": lambda: numbers().filter(lambda dp: False),
        "one component": lambda: numbers().map_component(lambda one: one + 1, 1).select([1]),
        "indexed": indexed,
        "indexed, shuffled": lambda: indexed(shuffle=True).map(draw),
        "indexed, sharded": lambda: indexed(shuffle=True).shard(1, 3).map(draw),
        "indexed, drops, sharded": lambda: indexed().map(drop_by_lot).shard(0, 2),
        "indexed, repeated": lambda: indexed(shuffle=True).repeat(2).map(draw),
        "batch": lambda: indexed().batch(4),
        "batch, remainder": lambda: numbers().map(draw).batch(4, remainder=True),
        "batch of drops": lambda: numbers().map(draw).map(drop_odd).batch(3),
        "batch of drops, remainder": lambda: numbers().map(drop_by_lot).batch(3, remainder=True),
        "map after batch": lambda: indexed().batch(4, remainder=True).map(scale),
        "map after batch of drops": lambda: numbers().map(drop_odd).batch(2).map(scale),
        "drops after batch": lambda: indexed().batch(3).map(drop_by_lot).map(scale),
        "batch of batches": lambda: indexed().batch(2).batch(3, remainder=True).map(scale),
        "batch of lists": lambda: numbers().map(ragged).batch(3, use_list=True),
        "padded batch": lambda: numbers().map(ragged).padded_batch(3, remainder=True),
        "batch by shape": lambda: numbers().map(ragged).batch_by_shape(2, 0).map(scale),
        "generator": lambda: DataFromGenerator(generated),
        "generator, mapped": lambda: DataFromGenerator(generated).map(draw).batch(2),
        "iterable": lambda: DataFromIterable([[one] for one in range(SIZE)]).map(draw),
        "written by hand": Written,
        "written by hand, mapped": lambda: Written().map(drop_by_lot).map(draw),
        "shuffle on top": lambda: numbers().map(draw).shuffle(5),
        "shuffle below": lambda: numbers().shuffle(5).map(draw).batch(3),
        "cache below": lambda: indexed().map(draw).cache(shuffle=True).map(draw),
        "fixed size": lambda: indexed(shuffle=True).fixed_size(11).map(draw),
        "take and skip": lambda: indexed().skip(3).take(9).map(draw),
        "each twice": lambda: indexed().repeat_each(2).map(draw),
        "several": lambda: ConcatData([numbers(), numbers()]).map(draw),
        "chosen": lambda: RandomChooseData([indexed(), Written()]).map(draw).batch(2),
        "joined": lambda: JoinData([indexed(), Written()]).map(draw),
        "nothing": lambda: DataFromList([], shuffle=False).map(draw),
        "all kinds": lambda: DataFromList(_all_kinds(), shuffle=False).map(lambda dp: dp),
        "all kinds, made by workers": lambda: DataFromList(
            [[number] for number in range(len(_all_kinds()))], shuffle=False
        ).map(_maker()),
    }


def _maker() -> Callable[[Any], Any]:
    kinds = _all_kinds()

    def make(dp: Any) -> Any:
        return kinds[dp[0]]

    return make


def _all_kinds() -> list[Any]:
    structured = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "<i2"), ("b", ">f8")])
    return [
        (1, "two", None, 3.0, True, b"bytes"),
        {"label": "ä€😀", 3: [1, [2, (3, {"deep": None})]]},
        [2**63, -(2**100), float("inf"), -0.0, 1j],
        ["", b"", (), [], {}, np.zeros((0, 3))],
        [np.float64(1.5), np.int8(-1), np.bool_(True), np.str_("x"), np.datetime64("2020-01-01")],
        [np.arange(6, dtype=">i2").reshape(2, 3), np.asfortranarray(np.ones((3, 4), "c8"))],
        [np.array(7, "u1"), np.ones((2, 2), "f2")[:, ::-1], np.array(["a", "bcd"])],
        [np.arange(3, dtype="m8[s]"), structured, structured[0]],
        [np.arange(200_000, dtype="i4").reshape(2, -1), np.zeros(70_000, bool)[::2]],
        [bytearray(b"mutable"), b"x" * 100_000, "y" * 100_000],
        [{1, 2}, frozenset({"a"}), range(3), slice(1, 2), complex(1, -0.0)],
        "a datapoint need not be a container",
    ]


#: By name, functions that each return a new, equal flow at every call.
PIPELINES: Mapping[str, Callable[[], DataFlow]] = _pipelines()
