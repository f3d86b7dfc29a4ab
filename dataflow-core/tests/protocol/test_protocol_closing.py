"""`close()` and `with`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.testing.program import PATIENCE_SECONDS


class Holding(df.DataFlow):
    """Notes what it opened and closed."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def get_data(self) -> Iterator[Any]:
        self.log.append("open")
        try:
            yield from ([n] for n in range(4))
        finally:
            self.log.append("shut")

    def close(self) -> None:
        super().close()
        self.log.append("close")


@pytest.mark.parametrize(
    "make",
    [
        lambda ds: ds,
        lambda ds: ds.map(lambda dp: dp),
        lambda ds: ds.map(lambda dp: dp).batch(2).shuffle(2),
        lambda ds: ds.fixed_size(3),
        lambda ds: ds.repeat(-1),
        lambda ds: ds.concat(df.DataFromList([])),
        lambda ds: ds.cache(),
        lambda ds: ds.join(df.DataFromList([[0]])),
        lambda ds: df.ProxyDataFlow(ds).take(3),
    ],
)
def test_closing_ends_the_generator_under_way_even_while_its_iterator_is_held(make: Any) -> None:
    source = Holding()
    flow = make(source)
    iterator = iter(flow)
    next(iterator)
    flow.close()
    assert source.log == ["open", "shut", "close"]
    assert next(iterator, "over") == "over"
    assert len([*zip(flow, range(2))]) >= 1, "a closed flow can be iterated again"
    flow.close()


def test_closing_keeps_the_place() -> None:
    flow = df.DataFromList([[n] for n in range(4)], shuffle=False).map(lambda dp: dp)
    iterator = iter(flow)
    next(iterator)
    flow.close()
    state = flow.state_dict()
    assert (state["epoch"], state["position"]) == (0, 1)
    assert next(iterator, "over") == "over"
    assert flow.state_dict() == state


def test_with_closes_also_after_an_exception() -> None:
    source = Holding()

    def leave_early() -> None:
        with source.map(lambda dp: dp) as flow:
            for _ in flow:
                raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        leave_early()
    assert source.log == ["open", "shut", "close"]


def test_closing_twice_or_before_anything_is_fine() -> None:
    flow = Holding().map(lambda dp: dp)
    flow.close()
    flow.close()
    assert len(list(flow)) == 4


def test_a_reset_ends_what_is_under_way_in_every_stage() -> None:
    source = Holding()
    flow = source.map(lambda dp: dp).fixed_size(3).map(lambda dp: dp)
    iterator = iter(flow)
    next(iterator)
    flow.reset_state()
    assert next(iterator, "over") == "over"
    assert list(flow) == [[0], [1], [2]]


def test_flows_in_lists_and_attributes_are_closed_too() -> None:
    class Picking(df.DataFlow):
        def __init__(self, named: dict[str, df.DataFlow], listed: list[df.DataFlow]) -> None:
            self.named = named
            self.listed = listed

        def get_data(self) -> Iterator[Any]:
            yield from self.named["a"]
            yield from self.listed[0]

    sources = [Holding(), Holding()]
    flow = Picking({"a": sources[0]}, [sources[1]])
    assert len(list(flow)) == 8
    flow.close()
    assert [source.log[-1] for source in sources] == ["close", "close"]


@pytest.mark.parametrize("act", [df.DataFlow.close, df.DataFlow.reset_state])
@pytest.mark.parametrize("backend", [None, "inline", "thread"])
def test_what_another_thread_iterates_is_not_closed_under_it(
    act: Callable[[df.DataFlow], None], backend: str | None
) -> None:
    at_it, go_on = threading.Event(), threading.Event()

    def stuck(dp: list[int]) -> list[int]:
        at_it.set()
        go_on.wait()
        return dp

    flow = df.DataFromList([[n] for n in range(4)], shuffle=False).map(stuck)
    if backend is not None:
        flow = flow.parallel(2, backend=backend)
    seen: list[Any] = []
    other = threading.Thread(target=lambda: seen.extend(flow))
    other.start()
    assert at_it.wait(PATIENCE_SECONDS)
    try:
        with pytest.raises(df.ReentrantIterationError, match=r"another thread.*end that loop"):
            act(flow)
    finally:
        go_on.set()
        other.join()
    assert seen == [[0], [1], [2], [3]]
    act(flow)
    assert [*flow] == seen
    flow.close()


@pytest.mark.parametrize(
    "over",
    [
        lambda ds: ds.map(lambda dp: dp),
        lambda ds: df.ConcatData([ds]),
        lambda ds: ds.replicate(1, "thread"),
    ],
    ids=["map", "row", "replicas"],
)
def test_closing_what_is_being_read_closes_nothing_upstream(over: Any) -> None:
    closed: list[str] = []

    class Source(df.DataFlow):
        def get_data(self) -> Iterator[Any]:
            yield [1]
            yield [2]

        def close(self) -> None:
            closed.append("source")
            super().close()

    def close(dp: Any) -> Any:
        with pytest.raises(df.ReentrantIterationError):
            flow.close()
        return dp

    flow = over(Source()).map(close)
    assert list(flow) == [[1], [2]]
    assert closed == []
