"""`repr`, `explain()` and short forms."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import dataflow_core as df


def load(dp: Any) -> Any:
    return dp


class Plain(df.DataFlow):
    def get_data(self) -> Iterator[Any]:
        yield [1]


class Configured:
    """Has a repr with an address in it."""

    def __init__(self) -> None:
        self.inner = object()

    def __repr__(self) -> str:
        return f"Configured({self.inner!r})"

    def __call__(self, dp: Any) -> Any:
        return dp


def test_reprs_tell_stages_and_parameters_from_the_outside_in() -> None:
    flow = df.DataFromList([[1]] * 3, shuffle=False).map(load).batch(2)
    assert repr(flow) == "BatchData(MapData(DataFromList(3 items, shuffle=False), load), 2)"
    assert repr(Plain()) == "Plain()"
    assert repr(df.ProxyDataFlow(Plain())) == "ProxyDataFlow(Plain())"
    assert repr(df.PrintData(Plain(), 3)) == "PrintData(Plain(), num=3, name=None)"


def test_texts_hold_no_addresses() -> None:
    for func in (
        Configured(),
        functools.partial(load),
        lambda dp: dp,
        np.asarray,
        Configured().__call__,
    ):
        flow = Plain().map(func)
        assert "0x" not in repr(flow)
        assert "0x" not in str(flow.state_dict()["fingerprint"])


def test_explain_draws_the_tree_with_lengths() -> None:
    left = df.DataFromList([[1]] * 3, shuffle=False).map(load)
    flow = df.ConcatData([left, Plain()]).filter(load).batch(2)
    assert flow.explain().splitlines() == [
        "BatchData(2)                                         length unknown",
        "└─ FilterData(load)                                  length unknown",
        "   └─ ConcatData()                                   length unknown",
        "      ├─ MapData(load)                               length 3",
        "      │  └─ DataFromList(3 items, shuffle=False)     length 3",
        "      └─ Plain()                                     length unknown",
    ]


def test_explain_shows_one_flow_used_twice_as_two_branches() -> None:
    source = df.DataFromList([[1]], shuffle=False)
    text = df.ConcatData([source, source]).explain()
    assert "├─ DataFromList" in text
    assert "└─ DataFromList" in text


def test_operators_are_methods_of_every_flow() -> None:
    flow = df.DataFromList([[n] for n in range(6)], shuffle=False)
    assert type(flow.map(load)) is df.MapData
    assert type(flow.batch(batch_size=2, remainder=True)) is df.BatchData
    out = flow.map_component(lambda n: n + 1).filter(lambda dp: dp[0] % 2).repeat(2).take(4)
    assert list(out) == [[1], [3], [5], [1]]
    assert {"map", "batch", "shuffle", "get_data", "state_dict"} <= set(dir(flow))


def test_a_wrong_name_says_which_are_near() -> None:
    with pytest.raises(AttributeError, match=r"'Plain' object has no attribute 'bach'.*batch"):
        Plain().bach  # noqa: B018
    with pytest.raises(AttributeError, match="_nothing"):
        Plain()._nothing  # noqa: B018
    assert not hasattr(Plain(), "zzz")


def test_an_attribute_of_the_same_name_hides_a_short_form() -> None:
    class Own(Plain):
        def __init__(self) -> None:
            vars(self)["shuffle"] = True

    own: Any = Own()
    assert own.shuffle is True


def test_the_registry_is_at_hand() -> None:
    assert df.DataFlow.registry.get("map", "operators") is df.MapData
    assert df.DataFlow.registry.get("list") is df.DataFromList
