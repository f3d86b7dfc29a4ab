"""`rng()`, `seeded` and the numbering of random streams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import canonical

import dataflow_core as df
from dataflow_core.rng import RandomKey, Seat, epoch_generator, fresh_seed, index_generator


def source(count: int = 6, *, shuffle: bool = False) -> df.DataFlow:
    return df.DataFromList([[n] for n in range(count)], shuffle=shuffle)


def draw(dp: Any) -> Any:
    return [*dp, int(df.rng().integers(1 << 40))]


def stream(flow: df.DataFlow, seed: int = 1) -> list[Any]:
    flow.reset_state(seed)
    return list(flow)


def drawn(flow: df.DataFlow, seed: int = 1) -> list[int]:
    return [dp[-1] for dp in stream(flow, seed)]


def test_every_position_stage_epoch_and_seed_has_draws_of_its_own() -> None:
    flow = source().map(draw).map(draw)
    flow.reset_state(1)
    seen = [n for _ in range(3) for dp in flow for n in dp[1:]]
    flow.reset_state(2)
    seen += [n for dp in flow for n in dp[1:]]
    assert len(set(seen)) == len(seen) == 6 * 2 * 4


def test_the_draws_of_a_datapoint_go_on_within_one_function() -> None:
    def several(dp: Any) -> Any:
        assert df.rng() is df.rng()
        return [df.rng().random(), df.rng().random()]

    assert all(one != two for one, two in stream(source().map(several)))


def test_draws_do_not_depend_on_what_others_drew_before() -> None:
    def greedy(dp: Any) -> Any:
        df.rng().random(dp[0] * 100)
        return dp

    def odd(dp: Any) -> Any:
        return draw(dp) if dp[0] % 2 else [*dp, 0]

    everyone, only_odd = drawn(source().map(draw)), drawn(source().map(odd))
    assert only_odd[1::2] == everyone[1::2]
    assert drawn(source().map(greedy).map(draw)) == drawn(source().map(lambda dp: dp).map(draw))


def test_dropping_datapoints_does_not_change_the_draws_of_the_others() -> None:
    def chain(keep: Callable[[Any], bool]) -> list[Any]:
        return stream(source().filter(keep).map(draw))

    assert chain(lambda dp: dp[0] != 2) == [dp for dp in chain(lambda dp: True) if dp[0] != 2]


@pytest.mark.parametrize(
    "insert",
    [
        lambda flow: flow.print(0),
        lambda flow: flow.take(6),
        lambda flow: flow.skip(0),
        lambda flow: flow.repeat(1),
        lambda flow: flow.select([0, 1]),
        lambda flow: flow.concat(),
        lambda flow: flow.shard(0, 1),
        df.ProxyDataFlow,
    ],
)
def test_a_stage_that_draws_nothing_does_not_change_the_draws_of_others(insert: Any) -> None:
    plain = source(shuffle=True).map(draw).map(draw)
    assert stream(insert(source(shuffle=True).map(draw)).map(draw)) == stream(plain)


def test_a_batch_does_not_change_the_draws_of_stages_before_or_after() -> None:
    def unbatch(dp: Any) -> Any:
        return [int(dp[1][0])]

    plain = stream(source().map(draw).map(lambda dp: [dp[1]]).map(draw))
    batched = source().map(draw).batch(1, use_list=True).map(unbatch).map(draw)
    assert stream(batched) == plain


def test_a_second_branch_does_not_change_the_draws_of_the_first() -> None:
    alone = stream(source().map(draw))
    joined = stream(source().map(draw).join(source().map(draw)))
    assert [dp[:2] for dp in joined] == alone
    assert all(dp[1] != dp[3] for dp in joined)


def test_filters_and_components_and_indexed_sources_may_draw() -> None:
    class Noisy(df.IndexedDataFlow):
        def __len__(self) -> int:
            return 40

        def __getitem__(self, index: int, /) -> Any:
            return [index, int(df.rng().integers(1 << 40)), int(self.rng.integers(1 << 40))]

    def build() -> df.DataFlow:
        return (
            Noisy(shuffle=True)
            .filter(lambda dp: df.rng().random() < 0.5)
            .map_component(lambda n: n + int(df.rng().integers(100)))
        )

    assert stream(build()) == stream(build()) != stream(build(), 2)
    assert 8 < len(stream(build())) < 32


def test_self_rng_of_an_indexed_source_belongs_to_the_position() -> None:
    class Noisy(df.IndexedDataFlow):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int, /) -> Any:
            return [int(self.rng.integers(1 << 40))]

    flow = Noisy()
    flow.reset_state(3)
    epochs = [list(flow) for _ in range(2)]
    assert len({dp[0] for epoch in epochs for dp in epoch}) == 10
    skipped = Noisy().skip(3)
    skipped.reset_state(3)
    assert list(skipped) == epochs[0][3:]


def test_a_flow_iterated_inside_a_function_gives_the_generator_back() -> None:
    def plain(dp: Any) -> Any:
        return [df.rng().random(), df.rng().random(), df.rng().random()]

    def nested(dp: Any) -> Any:
        first = df.rng().random()
        inner = df.DataFromList([[1], [2]], shuffle=False).map(draw).map(draw)
        inner.reset_state(5)
        iterator = iter(inner)
        next(iterator)
        second = df.rng().random()
        rest = list(iterator)
        assert len(rest) == 1
        return [first, second, df.rng().random()]

    assert stream(source().map(nested)) == stream(source().map(plain))


def test_a_flow_inside_a_function_can_be_seeded_by_the_outer_one() -> None:
    def nested(dp: Any) -> Any:
        inner = source().map(draw)
        inner.reset_state(int(df.rng().integers(1 << 40)))
        return [list(inner)]

    out = stream(source().map(nested))
    assert out == stream(source().map(nested))
    assert len({str(dp) for dp in out}) == 6


@pytest.mark.parametrize("moves", [1, 3])
def test_an_iterator_may_move_between_threads(moves: int) -> None:
    flow = source(12).map(draw).filter(lambda dp: df.rng().random() < 0.9).map(draw)
    expected = stream(flow)
    flow.reset_state(1)
    iterator, seen = iter(flow), []

    def some() -> None:
        for _ in range(moves):
            item = next(iterator, None)
            if item is not None:
                seen.append(item)

    for _ in range(12):
        thread = threading.Thread(target=some)
        thread.start()
        thread.join()
    assert seen == expected


def test_two_threads_with_a_flow_each_do_not_disturb_each_other() -> None:
    expected = stream(source(300).map(draw).map(draw))
    results: list[Any] = []

    def run() -> None:
        results.append(stream(source(300).map(draw).map(draw)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_rng_where_no_datapoint_is_at_hand_says_what_to_do() -> None:
    with pytest.raises(df.NoRandomStreamError, match=r"seeded\(0\)") as raised:
        df.rng()
    assert "self.rng" in str(raised.value)
    for _ in source().map(draw):
        with pytest.raises(df.NoRandomStreamError):
            df.rng()
        break
    flow = source().map(lambda dp: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(flow)
    with pytest.raises(df.NoRandomStreamError):
        df.rng()


class Wandering(df.DataFlow):
    """Makes flows for itself while it runs, and gives them no seed."""

    def __init__(self, ds: df.DataFlow | None = None) -> None:
        super().__init__()
        self.ds = ds

    def get_data(self) -> Iterator[list[Any]]:
        yield from self.ds or ()
        for _ in range(2):
            yield [dp[0] for dp in df.DataFromList([[i] for i in range(9)])]


def test_flows_that_a_generator_makes_for_itself_repeat_with_it() -> None:
    flow = Wandering(Wandering())
    flow.reset_state(5)
    epochs = [[tuple(dp) for dp in flow] for _ in range(2)]
    assert len({dp for epoch in epochs for dp in epoch}) == 8
    flow.reset_state(5)
    first = []
    for dp in flow:
        first.append(tuple(dp))
        if len(first) == 3:
            state = flow.state_dict()
    assert first == epochs[0]
    resumed = Wandering(Wandering())
    resumed.load_state_dict(state)
    assert [tuple(dp) for dp in resumed] == epochs[0][3:]
    with Wandering(Wandering()).parallel(1, "process") as parallel:
        parallel.reset_state(5)
        assert [[tuple(dp) for dp in parallel] for _ in range(2)] == epochs
    flow.reset_state(6)
    assert not {tuple(dp) for dp in flow} & {*epochs[0], *epochs[1]}


def test_seeded_gives_a_stream_for_a_while() -> None:
    with df.seeded(3) as generator:
        first = df.rng().random()
        assert df.rng() is generator
    with df.seeded(3, position=1):
        other = df.rng().random()
    with df.seeded(3):
        assert df.rng().random() == first != other
        with df.seeded(4):
            assert df.rng().random() != first
        assert df.rng() is not generator
    with pytest.raises(df.NoRandomStreamError):
        df.rng()
    for wrong in (-1, 2**64, "a"):
        with pytest.raises((TypeError, ValueError), match="seed"), df.seeded(wrong):  # type: ignore[arg-type]
            pass


def test_seeded_inside_a_function_hides_the_datapoints_generator_only_for_a_while() -> None:
    def function(dp: Any) -> Any:
        first = df.rng().random()
        with df.seeded(0):
            fixed = df.rng().random()
        return [first, fixed, df.rng().random()]

    out = stream(source().map(function))
    assert len({dp[1] for dp in out}) == 1
    assert [[a, c] for a, _, c in out] == stream(
        source().map(lambda dp: [df.rng().random(), df.rng().random()])
    )


def test_fresh_seeds_differ_and_survive_json_readers_with_floats() -> None:
    seeds = {fresh_seed() for _ in range(50)}
    assert len(seeds) == 50
    assert all(int(float(seed)) == seed for seed in seeds)


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 1000),
    st.lists(st.tuples(st.integers(0, 2**130), st.integers(0, 2**63 - 1)), min_size=1, max_size=6),
)
def test_a_seat_moved_about_is_as_good_as_a_new_one(
    seed: int, stream_number: int, places: list[tuple[int, int]]
) -> None:
    moved = Seat(seed, stream_number)
    for epoch, position in places:
        new = Seat(seed, stream_number).move(epoch, position)
        generator = moved.move(epoch, position)
        assert canonical(generator.random(3)) == canonical(new.random(3))
        generator.integers(5, dtype=np.int32)  # leaves half a word behind


def test_places_streams_and_domains_do_not_overlap() -> None:
    generators = [
        Seat(1, 0).move(0, 0),
        Seat(1, 1).move(0, 0),
        Seat(2, 0).move(0, 0),
        Seat(1, 0).move(1, 0),
        Seat(1, 0).move(0, 1),
        Seat(1, 0).move(2**64, 0),
        Seat(1, 0).move(2**96, 0),
        epoch_generator(RandomKey(1, 0, 0)),
        index_generator(RandomKey(1, 0, 0), 0),
    ]
    # Long enough to run into a neighbouring place, were counters not far apart.
    words = [tuple(generator.integers(1 << 62, size=64).tolist()) for generator in generators]
    assert len({word for row in words for word in row}) == 64 * len(generators)


def test_draws_over_positions_are_uniform_and_uncorrelated() -> None:
    def pair(dp: Any) -> Any:
        return [df.rng().random(), df.rng().random()]

    flow = df.FakeData([], 4000).map(pair).map(lambda dp: [*dp, df.rng().random()])
    values = np.array(stream(flow))
    assert np.abs(values.mean(0) - 0.5).max() < 0.02
    assert np.abs(np.corrcoef(values.T) - np.eye(3)).max() < 0.06
    assert abs(np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]) < 0.06
