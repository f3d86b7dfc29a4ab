"""ConcatData, JoinData, RandomChooseData and RandomMixData."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df


def of(*items: Any) -> df.DataFlow:
    return df.DataFromList(list(items), shuffle=False)


def generated(*items: Any) -> df.DataFlow:
    def gen() -> Iterator[Any]:
        yield from items

    return df.DataFromGenerator(gen)


def test_concat_runs_one_after_another_in_every_epoch() -> None:
    flow = df.ConcatData([of(1, 2), generated(), of(3), generated(4)])
    assert list(flow) == list(flow) == [1, 2, 3, 4]
    assert list(of(1).concat(of(2), of(3))) == [1, 2, 3]


def test_the_length_of_a_concat_is_the_sum() -> None:
    assert len(df.ConcatData([of(1, 2), of(3)])) == 3
    with pytest.raises(df.UnknownLengthError):
        len(df.ConcatData([of(1), generated(2)]))


def test_join_puts_lists_and_tuples_side_by_side() -> None:
    assert list(of([1], [2]).join(of([3, 4], [5, 6]))) == [[1, 3, 4], [2, 5, 6]]
    assert list(df.JoinData([of((1,)), of((2,)), of((3,))])) == [(1, 2, 3)]
    assert list(df.JoinData([of([1]), of((2,))])) == [[1, 2]]


def test_join_merges_dicts_and_refuses_a_key_twice() -> None:
    assert list(df.JoinData([of({"a": 1}), of({"b": 2})])) == [{"a": 1, "b": 2}]
    with pytest.raises(df.ComponentError, match=r"overwrite.*'a'.*rename it.*map") as raised:
        list(df.JoinData([of({"a": 1}, {"a": 2}), of({"b": 1}, {"a": 2})]))
    assert any("position 1" in note for note in raised.value.__notes__)


@pytest.mark.parametrize("other", [{"b": 1}, 5, "text"])
def test_join_refuses_what_does_not_go_together(other: Any) -> None:
    with pytest.raises(df.ComponentError, match="joins lists and tuples, or dicts"):
        list(df.JoinData([of([1]), of(other)]))


def test_join_does_not_modify_the_upstreams_datapoints() -> None:
    items: list[Any] = [{"a": 1}]
    list(df.JoinData([df.DataFromList(items), of({"b": 2})]))
    assert items == [{"a": 1}]


def test_join_stops_with_the_shortest_and_warns_of_unequal_known_lengths() -> None:
    with pytest.warns(UserWarning, match=r"different lengths \[3, 2\].*shortest") as told:
        flow = df.JoinData([of([1], [2], [3]), of([4], [5])])
    assert told[0].filename == __file__
    assert list(flow) == list(flow) == [[1, 4], [2, 5]]
    assert len(flow) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unknown = df.JoinData([of([1], [2]), generated([4])])
    assert list(unknown) == list(unknown) == [[1, 4]]


def test_one_flow_can_be_joined_with_itself() -> None:
    source = of([1], [2])
    assert list(source.join(source.map(lambda dp: [dp[0] * 10]))) == [[1, 10], [2, 20]]


def test_joined_sources_shuffle_and_draw_independently() -> None:
    left, right = (
        df.DataFromList([[i] for i in range(30)]),
        df.DataFromList([[i] for i in range(30)]),
    )
    flow = left.join(right)
    flow.reset_state(1)
    assert any(a != b for a, b in flow)


def test_choose_takes_from_flows_at_random_and_stops_when_one_is_exhausted() -> None:
    flow = df.RandomChooseData([of(*range(100)), of(*range(1000, 1100))])
    flow.reset_state(2)
    out = list(flow)
    low, high = [n for n in out if n < 1000], [n for n in out if n >= 1000]
    assert low == list(range(len(low)))
    assert high == list(range(1000, 1000 + len(high)))
    assert 100 in (len(low), len(high))
    assert min(len(low), len(high)) > 50
    assert list(flow) != out


def test_choose_follows_the_probabilities() -> None:
    def forever(item: int) -> df.DataFlow:
        return df.RepeatedData(of(item), -1)

    flow = df.RandomChooseData([(forever(1), 0.2), (forever(2), 0.3), (forever(3), 0.5)]).take(5000)
    flow.reset_state(3)
    counts = Counter(flow)
    assert abs(counts[1] - 1000) < 150
    assert abs(counts[2] - 1500) < 170
    assert abs(counts[3] - 2500) < 180


def test_probabilities_are_compared_with_tolerance() -> None:
    df.RandomChooseData([(of(1), 0.1)] * 3 + [(of(1), 0.7)])
    df.RandomChooseData([(of(1), 1 / 3)] * 3)
    for wrong in ([0.5, 0.6], [1.5, -0.5], [0.5, 0.4]):
        with pytest.raises(ValueError, match="sum to 1"):
            df.RandomChooseData([(of(1), wrong[0]), (of(2), wrong[1])])
    with pytest.raises(ValueError, match="sum to 1"):
        df.RandomChooseData([(of(1), float("nan")), (of(2), 1.0)])


def test_flows_and_pairs_do_not_mix() -> None:
    with pytest.raises(ValueError, match=r"flows, or .* pairs throughout"):
        df.RandomChooseData([of(1), (of(2), 1.0)])


def test_choose_has_no_length() -> None:
    with pytest.raises(df.UnknownLengthError):
        len(df.RandomChooseData([of(1)]))


def test_mix_uses_up_all_flows_and_keeps_the_order_within_each() -> None:
    flow = df.RandomMixData([of(*range(20)), of(*range(100, 110)), of()])
    flow.reset_state(4)
    first, second = list(flow), list(flow)
    assert len(flow) == len(first) == 30
    for out in (first, second):
        assert [n for n in out if n < 100] == list(range(20))
        assert [n for n in out if n >= 100] == list(range(100, 110))
    assert first != second


def test_every_interleaving_is_about_as_likely() -> None:
    flow = df.RandomMixData([of("a", "a"), of("b", "b")])
    flow.reset_state(5)
    seen = Counter("".join(flow) for _ in range(1200))
    assert len(seen) == 6
    assert max(seen.values()) < 280
    assert min(seen.values()) > 130


def test_mix_loses_nothing_where_a_flow_is_shorter_than_it_says() -> None:
    dropping = of(*range(10)).map(lambda n: n if n % 2 else None)
    flow = df.RandomMixData([dropping, of(*range(100, 105))])
    assert sorted(flow) == [1, 3, 5, 7, 9, 100, 101, 102, 103, 104]


def test_mix_needs_lengths() -> None:
    with pytest.raises(df.UnknownLengthError, match="RandomMixData needs to know all lengths"):
        df.RandomMixData([of(1), generated(2)])


@pytest.mark.parametrize(
    "operator", [df.ConcatData, df.JoinData, df.RandomChooseData, df.RandomMixData]
)
def test_what_is_no_list_of_flows_is_refused(operator: Any) -> None:
    name = operator.__name__
    with pytest.raises(TypeError, match=rf"{name} takes a list of flows: {name}\(\[a, b\]\)"):
        operator(of(1))
    with pytest.raises(ValueError, match=f"{name} needs at least one flow"):
        operator([])
    with pytest.raises(TypeError, match=f"{name} needs a DataFlow.*int"):
        operator([of(1), 5])


@pytest.mark.parametrize(
    "operator", [df.ConcatData, df.JoinData, df.RandomChooseData, df.RandomMixData]
)
def test_the_callers_list_may_change_afterwards(operator: Any) -> None:
    flows = [of([1]), of([2])]
    flow = operator(flows)
    flow.reset_state(0)
    expected = list(flow)
    flows.append(of([3]))
    flow.reset_state(0)
    assert list(flow) == expected


@pytest.mark.parametrize(
    "operator", [df.ConcatData, df.JoinData, df.RandomChooseData, df.RandomMixData]
)
def test_flows_may_come_from_a_generator_expression(operator: Any) -> None:
    assert list(operator(of([n]) for n in range(1)))
