"""Batches that are taken apart again, and batches that must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import canonical

from dataflow_core.collate import collate_stacked, listed_if_alike, split, stacked_if_alike
from dataflow_core.errors import BatchError


class Pair(NamedTuple):
    image: Any
    label: Any


KINDS: list[Callable[[int], Any]] = [
    int,
    float,
    bool,
    str,
    lambda n: str(n).encode(),
    lambda n: n * 2**30,
    np.int64,
    np.float16,
    lambda n: np.datetime64(n, "s"),
    lambda n: np.datetime64(n, "ms"),
    lambda n: np.str_("x" * n),
    lambda n: np.array([n, n], "uint8"),
    lambda n: np.array([n, n], "float32"),
    lambda n: np.array([n, n], ">i4"),
    lambda n: np.array([n] * (1 + n % 2)),
    lambda n: np.array(n, "int16"),
    lambda n: np.array([n, "x"], object),
    lambda n: np.zeros(2, [("a", "i2"), ("b", f"S{1 + n}")]),
    lambda n: [n],
    lambda n: None,
]


def batch_of(datapoints: list[Any]) -> Any:
    """Return the canonical batch, or that there is none."""
    try:
        return canonical(collate_stacked(datapoints))
    except BatchError:
        return "refused"


components = st.tuples(st.sampled_from(KINDS), st.integers(0, 5)).map(lambda made: made[0](made[1]))
containers = st.sampled_from(
    [list, tuple, lambda dp: Pair(*dp), lambda dp: dict(zip("ab", dp)), lambda dp: {1: 0, 2: dp[1]}]
)


@st.composite
def datapoints(draw: st.DrawFn) -> list[Any]:
    """Some that are alike, but for what was drawn to differ."""
    kinds = draw(st.tuples(*[st.sampled_from(KINDS)] * 2))
    container = draw(containers)
    made = [
        container([kind(draw(st.integers(0, 5))) for kind in kinds])
        for _ in range(draw(st.integers(1, 4)))
    ]
    if draw(st.booleans()):
        made[draw(st.integers(0, len(made) - 1))] = draw(containers)([draw(components)] * 2)
    return made


@given(datapoints(), st.lists(components, max_size=2), st.integers(0, 4))
def test_the_rows_of_a_batch_make_the_batches_that_its_members_do(
    members: list[Any], others: list[Any], left_out: int
) -> None:
    try:
        alike = stacked_if_alike(members)
    except BatchError:
        assert batch_of(members) == "refused"
        return
    if alike is None:
        return
    batch, numbers = alike
    assert canonical(batch) == batch_of(members)
    first = members[0]
    joined: list[Any] = [
        dict.fromkeys(first, other)
        if isinstance(first, dict)
        else getattr(first, "_make", type(first))([other] * 2)
        for other in others
    ]
    rows = split(batch, numbers)
    assert [*map(type, rows)] == [*map(type, members)]
    if rows[left_out:]:
        assert batch_of(rows[left_out:] + joined) == batch_of(members[left_out:] + joined)
        assert batch_of(joined + rows[left_out:]) == batch_of(joined + members[left_out:])


@pytest.mark.parametrize(
    "members",
    [
        [[1], (1,)],
        [[1], [1, 2]],
        [[1], [1.0]],
        [[1], [True]],
        [{"a": 1}, {"b": 1}],
        [[np.uint8([1])], [np.int8([1])]],
        [[np.datetime64(1, "s")], [np.datetime64(1, "ms")]],
        [[np.array([None])], [np.array([None])]],
        [[[1]], [[1]]],
        [[], []],
        [1, 2],
    ],
)
def test_what_its_rows_would_not_tell_is_not_batched(members: list[Any]) -> None:
    assert stacked_if_alike(members) is None


def test_lists_of_anything_can_be_taken_apart() -> None:
    anything = object()
    alike = listed_if_alike([[1, anything], [2.5, None]])
    assert alike is not None
    assert split(*alike) == [[1, anything], [2.5, None]]
    assert listed_if_alike([[1], (1,)]) is None
