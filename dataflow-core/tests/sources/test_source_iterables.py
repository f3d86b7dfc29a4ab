"""DataFromGenerator, DataFromIterable and DataFromQueue."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df


def count() -> Iterator[Any]:
    yield from ([0], [1], [2])


class Countable:
    def __iter__(self) -> Iterator[Any]:
        return count()


def test_a_generator_function_is_called_anew_every_epoch() -> None:
    flow = df.DataFromGenerator(count)
    assert list(flow) == list(flow) == [[0], [1], [2]]


def test_a_callable_may_return_any_iterable() -> None:
    assert list(df.DataFromGenerator(lambda: [[1], [2]])) == [[1], [2]]
    assert list(df.DataFromGenerator(Countable)) == [[0], [1], [2]]


def test_a_generator_object_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"only once; pass the function.*gen, not gen\(\)"):
        df.DataFromGenerator(count())  # type: ignore[arg-type]


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a function that returns an iterator, not list"):
        df.DataFromGenerator([1, 2])  # type: ignore[arg-type]


def test_a_function_that_yields_nothing_iterable_is_named() -> None:
    flow = df.DataFromGenerator(lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"returned NoneType.*yield"):
        list(flow)


def test_a_generators_length_is_unknown() -> None:
    with pytest.raises(df.UnknownLengthError, match=r"DataFromGenerator\(count\)"):
        len(df.DataFromGenerator(count))


def test_an_iterable_is_iterated_anew_every_epoch_and_has_its_length() -> None:
    flow = df.DataFromIterable({"a": 1, "b": 2}.items())
    assert len(flow) == 2
    assert list(flow) == list(flow) == [("a", 1), ("b", 2)]


def test_an_iterable_without_length_has_none() -> None:
    flow = df.DataFromIterable(Countable())
    assert list(flow) == list(flow) == [[0], [1], [2]]
    with pytest.raises(df.UnknownLengthError, match="the iterable has none"):
        len(flow)


def test_iterators_and_what_is_not_iterable_are_refused() -> None:
    with pytest.raises(TypeError, match=r"iterator \(generator\).*only once.*DataFromGenerator"):
        df.DataFromIterable(count())
    with pytest.raises(TypeError, match=r"iterator \(list_iterator\)"):
        df.DataFromIterable(iter([1]))
    with pytest.raises(TypeError, match="needs an iterable, not int"):
        df.DataFromIterable(5)  # type: ignore[arg-type]


def test_a_queue_is_read_without_end_in_order() -> None:
    filled: queue.Queue[Any] = queue.Queue()
    for number in range(5):
        filled.put([number])
    flow = df.DataFromQueue(filled)
    assert list(flow.take(2)) == [[0], [1]]
    assert list(flow.take(3)) == [[2], [3], [4]]
    with pytest.raises(df.UnknownLengthError):
        len(flow)


def test_take_over_a_queue_reads_no_more_than_it_hands_out() -> None:
    filled: queue.Queue[Any] = queue.Queue()
    filled.put([0])
    filled.put([1])
    assert list(df.DataFromQueue(filled).take(1)) == [[0]]
    assert filled.get_nowait() == [1]


def test_an_error_of_the_queue_names_stage_and_position() -> None:
    class Broken:
        def __init__(self) -> None:
            self.left = [[0], [1]]

        def get(self) -> Any:
            return self.left.pop(0)

    flow = iter(df.DataFromQueue(Broken()))
    assert [next(flow), next(flow)] == [[0], [1]]
    with pytest.raises(IndexError) as raised:
        next(flow)
    (note,) = getattr(raised.value, "__notes__", [])
    assert "DataFromQueue" in note
    assert "position 2" in note


def test_a_pipeline_over_a_queue_says_that_it_has_no_state() -> None:
    flow = df.DataFromQueue(queue.Queue()).map(lambda dp: dp).batch(2)
    with pytest.raises(df.NotResumableError, match=r"DataFromQueue.*IndexedDataFlow"):
        flow.state_dict()
    with pytest.raises(df.NotResumableError, match="DataFromQueue"):
        flow.load_state_dict({})


def test_what_has_no_get_is_no_queue() -> None:
    with pytest.raises(TypeError, match=r"object with get\(\), not list"):
        df.DataFromQueue([1])  # type: ignore[arg-type]
