"""Core's own sources pass the suite that everybody's must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import numpy as np
import pytest

import dataflow_core as df
from dataflow_core.testing import SourceConformance

Make = Callable[[], df.DataFlow]


class Drawn(df.IndexedDataFlow):
    def __len__(self) -> int:
        return 13

    def __getitem__(self, index: int, /) -> Any:
        return {"index": index, "drawn": df.rng().random(2)}


class Written(df.RNGDataFlow):
    def get_data(self) -> Iterator[Any]:
        for number in range(11):
            yield number, self.rng.random()


class TestDataFromList(SourceConformance):
    @pytest.fixture(params=[True, False], ids=["shuffled", "in order"])
    def source(self, request: pytest.FixtureRequest) -> Make:
        return lambda: df.DataFromList([[i, str(i)] for i in range(15)], shuffle=request.param)


class TestDataFromGenerator(SourceConformance):
    @pytest.fixture
    def source(self) -> Make:
        return lambda: df.DataFromGenerator(lambda: ([i] for i in range(9)))


class TestEndlessGenerator(SourceConformance):
    look_at = 12

    @pytest.fixture
    def source(self) -> Make:
        def count() -> Iterator[Any]:
            number = 0
            while True:
                yield [number]
                number += 1

        return lambda: df.DataFromGenerator(count)


class TestDataFromIterable(SourceConformance):
    @pytest.fixture
    def source(self) -> Make:
        return lambda: df.DataFromIterable(np.arange(12).reshape(6, 2))


class TestDataFromQueue(SourceConformance):
    @pytest.fixture
    def source(self) -> Make:
        return lambda: df.DataFromQueue(Queue())


class TestFakeData(SourceConformance):
    @pytest.fixture(params=[True, False], ids=["random", "fixed"])
    def source(self, request: pytest.FixtureRequest) -> Make:
        return lambda: df.FakeData([(2, 3), ()], 10, random=request.param)


class TestIndexed(SourceConformance):
    @pytest.fixture(params=[True, False], ids=["shuffled", "in order"])
    def source(self, request: pytest.FixtureRequest) -> Make:
        return lambda: Drawn(shuffle=request.param)


class TestWritten(SourceConformance):
    @pytest.fixture
    def source(self) -> Make:
        return Written


class TestEmpty(SourceConformance):
    @pytest.fixture
    def source(self) -> Make:
        return lambda: df.DataFromList([])
