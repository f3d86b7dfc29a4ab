"""`get_data` and `__iter__`: either may be written, and `super()` of both works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df

EXPECTED = [[0], [1], [2]]


class ByGetData(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        for number in range(3):
            yield [number]


class ByIter(df.DataFlow):
    def __iter__(self) -> Iterator[Any]:
        for number in range(3):
            yield [number]


class ReturnsAnIterator(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        return iter([[0], [1], [2]])


class IterAsksGetData(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        yield from EXPECTED

    def __iter__(self) -> Iterator[Any]:
        return self.get_data()


class GetDataAsksIter(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        yield from self

    def __iter__(self) -> Iterator[Any]:
        yield from EXPECTED


class Inherits(ByIter):
    pass


@pytest.mark.parametrize(
    "flow_class",
    [ByGetData, ByIter, ReturnsAnIterator, IterAsksGetData, GetDataAsksIter, Inherits],
)
def test_a_class_that_writes_either_name_can_be_read_by_both(
    flow_class: type[df.DataFlow],
) -> None:
    flow = flow_class()
    flow.reset_state()
    assert list(flow) == list(flow.get_data()) == EXPECTED
    assert flow.state_dict()["epoch"] == 2
    assert list(flow.map(lambda dp: dp).get_data()) == EXPECTED


@pytest.mark.parametrize("base", [ByGetData, ByIter, Inherits])
@pytest.mark.parametrize("first", ["get_data", "__iter__"])
@pytest.mark.parametrize("second", ["get_data", "__iter__"])
@pytest.mark.parametrize("asked", ["get_data", "__iter__"])
def test_super_of_either_name_reaches_the_class_before(
    base: type[df.DataFlow], first: str, second: str, asked: str
) -> None:
    class One(base):  # type: ignore[misc,valid-type]
        if first == "get_data":

            def get_data(self) -> Iterator[Any]:
                for dp in super().__iter__():
                    yield [*dp, 1]

        else:

            def __iter__(self) -> Iterator[Any]:
                for dp in super().get_data():
                    yield [*dp, 1]

    class Two(One):
        if second == "get_data":

            def get_data(self) -> Iterator[Any]:
                for dp in super().get_data():
                    yield [*dp, 2]

        else:

            def __iter__(self) -> Iterator[Any]:
                for dp in super().__iter__():
                    yield [*dp, 2]

    class Three(Two):
        def get_data(self) -> Iterator[Any]:
            yield from super().get_data()
            yield from super().__iter__()

    once = [[n, 1, 2] for n in range(3)]
    two, three = Two(), Three()
    assert list(getattr(two, asked)()) == once
    assert list(getattr(three, asked)()) == once + once
    assert list(two) == once
    assert two.state_dict()["epoch"] == 2, "each iteration is one epoch, however deep the classes"
    assert three.state_dict()["epoch"] == 1


def test_super_works_in_a_subclass_of_a_written_proxy() -> None:
    class Doubling(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            for dp in self.ds.get_data():
                yield [dp[0] * 2]

    class Printing(Doubling):
        def __iter__(self) -> Iterator[Any]:
            for dp in super().__iter__():
                yield [dp[0] + 1]

    flow = Printing(ByGetData())
    assert list(flow) == list(flow.get_data()) == [[1], [3], [5]]


def test_super_of_a_proxy_without_a_generator_is_the_upstream() -> None:
    class Logging(df.ProxyDataFlow):
        def get_data(self) -> Iterator[Any]:
            yield ["begin"]
            yield from super().get_data()

    assert list(Logging(ByIter())) == [["begin"], *EXPECTED]


@pytest.mark.parametrize("name", ["get_data", "__iter__"])
def test_built_in_operators_can_be_subclassed(name: str) -> None:
    if name == "get_data":

        class Counting(df.MapData):
            def get_data(self) -> Iterator[Any]:
                for number, dp in enumerate(super().get_data()):
                    yield [number, *dp]
    else:

        class Counting(df.MapData):  # type: ignore[no-redef]
            def __iter__(self) -> Iterator[Any]:
                for number, dp in enumerate(super().__iter__()):
                    yield [number, *dp]

    source = df.DataFromList([[5], [6], [7]], shuffle=False)
    flow = Counting(source, lambda dp: dp if dp[0] != 6 else None)
    assert list(flow) == list(flow.get_data()) == [[0, 5], [1, 7]]
    assert len(list(flow.batch(2))) == 1


def test_a_subclass_of_a_built_in_operator_draws_and_resumes() -> None:
    class Noisy(df.MapData):
        def get_data(self) -> Iterator[Any]:
            for dp in super().get_data():
                yield [*dp, "own"]

    def build() -> df.DataFlow:
        source = df.DataFromList([[n] for n in range(6)])
        return Noisy(source, lambda dp: [*dp, float(df.rng().random())]).repeat(2)

    flow = build()
    flow.reset_state(4)
    expected = list(flow)
    flow.reset_state(4)
    iterator = iter(flow)
    for position in range(12):
        resumed = build()
        resumed.load_state_dict(flow.state_dict())
        assert list(resumed) == expected[position:]
        assert next(iterator) == expected[position]


def test_indexed_sources_and_batches_can_be_subclassed() -> None:
    class Squares(df.IndexedDataFlow):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int, /) -> Any:
            return [index * index]

    class WithEnd(Squares):
        def get_data(self) -> Iterator[Any]:
            yield from super().get_data()
            yield ["end"]

    class Batches(df.BatchData):
        def __iter__(self) -> Iterator[Any]:
            for (batch,) in super().__iter__():
                yield [batch.sum()]

    assert list(WithEnd()) == list(WithEnd()) == [[0], [1], [4], ["end"]]
    assert list(Batches(Squares(), 2, remainder=True)) == [[1], [4]]


def test_mixins_may_take_part() -> None:
    class Shouting:
        def get_data(self) -> Iterator[Any]:
            for dp in super().get_data():  # type: ignore[misc]
                yield [*dp, "!"]

    class Loud(Shouting, ByGetData):
        pass

    class Louder(Shouting, ByIter):
        pass

    for flow in (Loud(), Louder()):
        assert list(flow) == list(flow.get_data()) == [[n, "!"] for n in range(3)]


def test_a_class_that_writes_neither_says_so() -> None:
    class Nothing(df.DataFlow):
        pass

    with pytest.raises(TypeError, match=r"Nothing must write get_data\(\), or __iter__\(\)"):
        list(Nothing())


def test_an_indexed_flow_needs_both_of_its_methods() -> None:
    class Half(df.IndexedDataFlow):
        def __len__(self) -> int:
            return 3

    with pytest.raises(TypeError, match=r"abstract.*__getitem__"):
        Half()  # type: ignore[abstract]


def test_the_docstring_and_name_that_the_user_wrote_stay() -> None:
    class Documented(df.DataFlow):
        def get_data(self) -> Iterator[Any]:
            """Yield what matters."""
            yield [1]

    assert Documented.get_data.__doc__ == "Yield what matters."
    assert Documented.get_data.__name__ == "get_data"
    assert Documented.__iter__.__name__ == "__iter__"
