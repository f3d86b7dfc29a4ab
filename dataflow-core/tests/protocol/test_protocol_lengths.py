"""Lengths, known and unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df


class Unknown(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        yield from ([1], [2])


class Known(Unknown):
    def __len__(self) -> int:
        return 2


def test_an_unknown_length_is_a_type_error_and_a_not_implemented_error() -> None:
    for ask in (len, Unknown.size):
        with pytest.raises(df.UnknownLengthError, match=r"Unknown\(\).*write __len__") as raised:
            ask(Unknown())
        assert isinstance(raised.value, TypeError)
        assert isinstance(raised.value, NotImplementedError)
        assert isinstance(raised.value, df.DataFlowError)


def test_list_tuple_and_star_work_without_a_length() -> None:
    assert list(Unknown()) == [*Unknown()] == list(Unknown()) == [[1], [2]]
    assert sorted(Unknown(), reverse=True) == [[2], [1]]


def test_list_asks_for_the_length_without_running_an_epoch() -> None:
    flow = Known()
    list(flow)
    assert flow.state_dict()["epoch"] == 1


def test_size_is_the_length() -> None:
    assert Known().size() == len(Known()) == 2


def test_a_flow_is_true_whatever_its_length() -> None:
    assert Unknown()
    assert df.DataFromList([])


@pytest.mark.parametrize(
    "make",
    [
        lambda ds: ds.map(lambda dp: dp),
        lambda ds: ds.batch(2),
        lambda ds: ds.repeat(2),
        lambda ds: ds.repeat_each(2),
        lambda ds: ds.shuffle(2),
        lambda ds: ds.take(1),
        lambda ds: ds.skip(1),
        lambda ds: ds.shard(0, 2),
        lambda ds: ds.cache(),
        lambda ds: ds.print(),
        lambda ds: ds.concat(ds),
        df.ProxyDataFlow,
    ],
)
def test_operators_over_an_unknown_length_have_none_and_still_run(make: Any) -> None:
    flow = make(Unknown())
    with pytest.raises(df.UnknownLengthError):
        len(flow)
    assert isinstance(list(flow), list)


@pytest.mark.parametrize(
    ("make", "length"),
    [
        (lambda ds: ds.select([0]), 5),
        (lambda ds: ds.map_component(lambda x: x), 5),
        (lambda ds: ds.batch(2), 2),
        (lambda ds: ds.batch(2, remainder=True), 3),
        (lambda ds: ds.repeat(3), 15),
        (lambda ds: ds.repeat_each(2), 10),
        (lambda ds: ds.fixed_size(7), 7),
        (lambda ds: ds.shuffle(2, 3), 15),
        (lambda ds: ds.shard(1, 2), 2),
        (lambda ds: ds.shard(0, 2), 3),
        (lambda ds: ds.cache(), 5),
        (lambda ds: ds.concat(ds, ds), 15),
        (lambda ds: df.RandomMixData([ds]), 5),
    ],
)
def test_known_lengths_are_those_of_the_epoch(make: Any, length: int) -> None:
    flow = make(df.DataFromList([[n] for n in range(5)], shuffle=False))
    assert len(flow) == length == len(list(flow))
