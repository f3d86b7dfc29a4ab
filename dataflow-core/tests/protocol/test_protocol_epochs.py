"""Re-iteration, epochs, breaks and reentrancy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import dataflow_core as df


def numbers(count: int = 5, *, shuffle: bool = False) -> df.DataFlow:
    return df.DataFromList([[n] for n in range(count)], shuffle=shuffle)


class Noise(df.RNGDataFlow):
    def get_data(self) -> Iterator[Any]:
        for _ in range(3):
            yield [int(self.rng.integers(1 << 30))]


def test_a_finite_flow_can_be_iterated_any_number_of_times() -> None:
    flow = numbers().map(lambda dp: dp).batch(2)
    assert [len(list(flow)) for _ in range(4)] == [2] * 4


def test_a_flow_that_was_never_reset_resets_itself() -> None:
    flow = numbers(50, shuffle=True)
    first = list(flow)
    flow.reset_state(flow.state_dict()["seed"])  # type: ignore[arg-type]
    assert list(flow) == first


def test_a_reset_without_seed_draws_a_fresh_one_and_starts_over() -> None:
    flow = Noise()
    flow.reset_state()
    one = flow.state_dict()["seed"]
    first = list(flow)
    flow.reset_state()
    assert flow.state_dict()["seed"] != one
    assert flow.state_dict()["epoch"] == 0
    assert list(flow) != first


def test_every_epoch_has_draws_of_its_own_and_a_reset_repeats_them() -> None:
    flow = Noise()
    flow.reset_state(1)
    epochs = [list(flow) for _ in range(3)]
    assert len({str(epoch) for epoch in epochs}) == 3
    flow.reset_state(1)
    assert [list(flow) for _ in range(3)] == epochs
    flow.set_epoch(1)
    assert [list(flow), list(flow)] == epochs[1:]


def test_a_break_ends_the_epoch() -> None:
    flow = Noise()
    flow.reset_state(1)
    epochs = [list(flow) for _ in range(2)]
    flow.reset_state(1)
    for _ in flow:
        break
    assert list(flow) == epochs[1]


def test_an_iterator_that_was_never_advanced_is_no_epoch() -> None:
    flow = Noise()
    flow.reset_state(1)
    first = list(flow)
    flow.reset_state(1)
    iter(flow)
    assert list(flow) == first


@pytest.mark.parametrize("wrong", [-1, 2**32, 1.5, "1", None])
def test_an_epoch_is_a_small_natural_number(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="epoch"):
        numbers().set_epoch(wrong)


@pytest.mark.parametrize("wrong", [-1, 2**64, 1.5, "1", [1]])
def test_a_seed_is_an_integer_of_64_bits(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="seed"):
        numbers().reset_state(wrong)


def test_the_largest_seed_and_epoch_work() -> None:
    flow = Noise().repeat(3)
    flow.reset_state(2**64 - 1)
    flow.set_epoch(2**32 - 1)
    assert len(list(flow)) == 9


def test_set_epoch_ends_an_iteration_under_way() -> None:
    flow = Noise()
    flow.reset_state(3)
    iterator = iter(flow)
    next(iterator)
    flow.set_epoch(0)
    assert next(iterator, "over") == "over"
    assert len(list(flow)) == 3
    assert flow.state_dict()["epoch"] == 1


@pytest.mark.parametrize(
    "make",
    [
        Noise,
        lambda: numbers(shuffle=True),
        lambda: numbers().shuffle(3),
        lambda: numbers().fixed_size(3),
        lambda: Noise().map(lambda dp: dp).batch(1),
        lambda: df.JoinData([numbers(3), Noise()]),
    ],
)
def test_a_second_iterator_while_the_first_runs_is_refused_with_the_remedy(make: Any) -> None:
    flow = make()
    first = iter(flow)
    next(first)
    with pytest.raises(df.ReentrantIterationError, match="still running; finish or close it"):
        iter(flow)
    with pytest.raises(df.ReentrantIterationError):
        list(flow)
    assert list(first) is not None
    assert len(list(flow)) > 0


def test_two_iterators_made_before_either_is_advanced_do_not_both_run() -> None:
    flow = Noise()
    first, second = iter(flow), iter(flow)
    next(first)
    with pytest.raises(df.ReentrantIterationError):
        next(second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: numbers(3),
        lambda: numbers(3).map(lambda dp: dp),
        lambda: numbers(3).map(lambda dp: dp).batch(1).take(3),
        lambda: numbers(1).concat(numbers(2)),
    ],
)
def test_stateless_flows_allow_nested_loops(make: Any) -> None:
    flow = make()
    assert len([1 for _ in flow for _ in flow]) == 9
    assert len(list(zip(flow, flow))) == 3
    assert len(list(flow)) == 3


def test_after_an_exception_the_flow_can_be_iterated_again() -> None:
    def fails_on(number: int) -> Any:
        def fail(dp: Any) -> Any:
            if dp[0] == number:
                raise RuntimeError("mine")
            return dp

        return fail

    for flow in (
        numbers().map(fails_on(2)),
        numbers().map(fails_on(2)).batch(2),
        df.ProxyDataFlow(numbers().map(fails_on(2))),
        df.DataFromGenerator(lambda: (fails_on(2)([n]) for n in range(5))),
    ):
        for _ in range(2):
            with pytest.raises(RuntimeError, match="mine"):
                list(flow)


def test_each_of_many_iterations_closes_the_users_generator() -> None:
    closed: list[int] = []

    def gen() -> Iterator[Any]:
        try:
            yield from ([n] for n in range(4))
        finally:
            closed.append(1)

    flow = df.DataFromGenerator(gen)
    operators: list[df.DataFlow] = [
        flow.take(2),
        flow.map(lambda dp: dp).take(1),
        flow.join(numbers(2)),
        df.RandomChooseData([flow, numbers(0)]),
        flow.fixed_size(3, keep_state=False),
        flow.repeat(-1).take(6),
        flow.batch(3).take(1),
    ]
    for operator in operators:
        closed.clear()
        for _ in range(3):
            list(operator)
        assert len(list(flow)) == 4, "nothing is left running"
        assert closed


def test_a_flow_read_twice_at_once_by_one_pipeline_says_so() -> None:
    source = Noise()
    with pytest.raises(df.ReentrantIterationError, match=r"two iterators at once.*copy"):
        list(source.join(source))
