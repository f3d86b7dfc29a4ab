"""Batches re-formed from what workers made of each task are those of the sequential stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import outcome

import dataflow_core as df
from dataflow_core.flow.group import Grouping
from dataflow_core.parallel.runs.regroup import Regrouper
from dataflow_core.parallel.task import Result

#: For each input of the stream, in tasks: whether it survives.
kept_by_task = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=8)


def grouping(*, remainder: bool = False) -> Grouping:
    return Grouping(3, remainder, tuple, "Group(3)", split=lambda group, _: list(group))


def results(tasks: Sequence[Sequence[bool]], groups_of_workers: Sequence[bool]) -> list[Result]:
    """Return what workers make of tasks: positions as datapoints, whole groups where told."""
    made = []
    for number, kept in enumerate(tasks):
        positions = [number * 3 + i for i, keep in enumerate(kept) if keep]
        grouped = len(positions) == 3 and groups_of_workers[number]
        outputs: list[Any] = [tuple(positions)] if grouped else list(positions)
        made.append(
            Result(number, outputs, positions, int(grouped), [0] * grouped, numbers=[[]] * grouped)
        )
    return made


@given(kept_by_task, st.lists(st.booleans(), min_size=8, max_size=8), st.booleans())
def test_groups_are_those_of_the_survivors_in_order(
    tasks: list[list[bool]], groups_of_workers: list[bool], remainder: bool
) -> None:
    survivors = [i for i, keep in enumerate(keep for kept in tasks for keep in kept) if keep]
    whole = len(survivors) // 3 * 3
    expected = [tuple(survivors[i : i + 3]) for i in range(0, whole, 3)]
    regrouper = Regrouper(grouping(remainder=remainder))
    groups: list[Any] = []
    for result in results(tasks, groups_of_workers):
        for group, number, last in regrouper.take(result, len(groups)):
            assert (number, last) == (len(groups), group[0][-1])
            groups += group
    assert groups == expected
    rest = [tuple(survivors[whole:])] if remainder and survivors[whole:] else []
    assert regrouper.rest(len(groups)) == rest


def test_a_group_that_a_later_step_dropped_is_counted_and_not_handed_out() -> None:
    regrouper = Regrouper(grouping())
    result = Result(0, ["a", "c"], range(10, 19), grouped=3, groups=[0, 2])
    assert [*regrouper.take(result, 5)] == [(["a"], 5, 12), ([], 6, 15), (["c"], 7, 18)]


def test_a_group_that_cannot_be_collated_says_which_it_is() -> None:
    def refuse(members: Sequence[Any]) -> Any:
        raise ValueError("no")

    regrouper = Regrouper(Grouping(2, False, refuse, "Group(2)"))
    with pytest.raises(ValueError, match="no") as raised:
        [*regrouper.take(Result(0, [[1], [2]], [0, 1]), 7)]
    assert getattr(raised.value, "__notes__", []) == [
        "in stage Group(2), at the datapoint with position 7"
    ]


@pytest.mark.parametrize("others", [1, 2.5, None, "text", np.int64(3)])
def test_numbers_beside_other_things_stay_pythons_own(others: Any) -> None:
    """A batch that straddles the drop holds the very objects, not what its arrays made of them."""

    def label(dp: list[int]) -> list[Any] | None:
        index = dp[0]
        if index == 3:
            return None
        return [index, 0.1 * index, index % 2 == 0] if index < 12 else [others] * 3

    source = df.DataFromList([[i] for i in range(24)], shuffle=False)
    batches = source.map(label).batch(4)
    with batches.parallel(2, backend="thread") as parallel:
        assert outcome(parallel) == outcome(batches)
