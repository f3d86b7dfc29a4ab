"""Which stages go to the workers, which stay, and how a user sees it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.parallel.planning.plan import Plan, plan
from dataflow_core.testing import assert_same_stream


class Squares(df.IndexedDataFlow):
    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int, /) -> Any:
        return [index * index]


def generated() -> Iterator[Any]:
    yield from ([i] for i in range(12))


def same(dp: Any) -> Any:
    return dp


def names(stages: Any) -> list[str]:
    return [type(stage).__name__ for stage in stages]


def workers(flow: df.DataFlow) -> list[str]:
    part = plan(flow).part
    return [] if part is None else names(part.stages)


def test_maps_go_to_the_workers_and_a_list_stays_in_the_feed() -> None:
    flow = df.DataFromList([[1], [2]], shuffle=False).map(same).filter(bool)
    assert workers(flow) == ["MapData", "FilterData"]


def test_an_indexed_source_is_read_by_the_workers_also_shuffled_or_sharded() -> None:
    assert workers(Squares().map(same)) == ["Squares", "MapData"]
    assert workers(Squares(shuffle=True).shard(0, 2).map(same)) == ["Squares", "MapData"]


def test_a_batch_goes_to_the_workers_with_what_follows_if_nothing_drops() -> None:
    assert workers(Squares().batch(3).map(same)) == ["Squares", "BatchData", "MapData"]


def test_a_map_after_a_batch_of_what_might_be_dropped_stays_with_the_consumer() -> None:
    found: Plan = plan(Squares().map(same).batch(3).map(same))
    assert found.part is not None
    assert names(found.part.stages) == ["Squares", "MapData", "BatchData"]
    assert names(step.stage for step in found.consumer) == ["MapData"]


def test_only_the_last_batch_is_the_workers() -> None:
    assert workers(Squares().batch(3).batch(2)) == ["BatchData"]


def test_what_is_above_a_whole_stream_stage_stays_in_the_feed() -> None:
    flow = Squares().map(same).shuffle(4).map(same)
    assert workers(flow) == ["MapData"]


def test_a_flow_that_is_one_whole_runs_in_one_worker() -> None:
    found = plan(df.DataFromGenerator(generated))
    assert found.part is not None
    assert found.part.stream is found.flow


def test_a_list_is_not_worth_a_worker() -> None:
    assert plan(df.DataFromList([[1]], shuffle=False)).part is None


def test_parallel_of_parallel_starts_one_set_of_workers() -> None:
    inner = Squares().map(same).parallel(2, "inline")
    assert plan(inner).part is None


def test_idle_workers_are_warned_of_with_what_would_help() -> None:
    with pytest.warns(UserWarning, match="of 3 workers one will work.*__getitem__") as seen:
        df.DataFromGenerator(generated).parallel(3)
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    "make",
    [
        lambda: df.DataFromGenerator(generated).parallel(1),
        lambda: df.DataFromGenerator(generated).map(same).parallel(3),
        lambda: Squares().parallel(3),
    ],
)
def test_workers_that_have_work_are_not_warned_of(make: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make()


def test_explain_shows_where_every_stage_runs() -> None:
    flow = Squares().map(same).batch(3).map(same).parallel(2, "inline")
    places = [line.split("in the ")[-1] for line in flow.explain().splitlines()[1:]]
    assert places == ["consumer", "workers", "workers", "workers"]
    over_list = df.DataFromList([[1]], shuffle=False).map(same).parallel(2, "inline")
    assert over_list.explain().splitlines()[-1].endswith("in the feed")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_workers": 0}, ValueError, "num_workers of ParallelData is at least 1, got 0"),
        ({"num_workers": 1.5}, TypeError, "num_workers of ParallelData is an integer"),
        ({"max_in_flight": -1}, ValueError, "max_in_flight of ParallelData is at least 1"),
        ({"backend": "treads"}, df.UnknownPluginError, "thread"),
        ({"backend": 7}, TypeError, "backend is a name or a backend"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_at_once(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        df.ParallelData(Squares(), **arguments)


def test_num_workers_defaults_to_the_usable_cpus() -> None:
    assert df.ParallelData(Squares(), backend="inline").num_workers >= 1


class Looking(df.MapData):
    """A map whose function is its own method."""

    def __init__(self, ds: df.DataFlow) -> None:
        super().__init__(ds, self.look)

    def look(self, dp: Any) -> Any:
        return dp


def test_an_upstream_is_not_sent_with_a_stage_that_holds_methods_of_its_own() -> None:
    large = df.DataFromList([[bytes([number]) * 1000] for number in range(250)])
    part = plan(Looking(large)).part
    assert part is not None
    assert len(part.packed()) < 10_000


@pytest.mark.parametrize("middle", [same, lambda ds: ds.map(same), lambda ds: ds.batch(2)])
def test_a_shard_of_what_runs_in_parallel_on_a_shard_divides_further(middle: Any) -> None:
    def sharded(backend: str | None = None) -> df.DataFlow:
        flow = df.DataFromList([[i] for i in range(40)], shuffle=False).map(same).shard(1, 2)
        flow = middle(flow if backend is None else flow.parallel(2, backend))
        return flow.shard(1, 3)

    expected = list(sharded())
    with sharded("thread") as flow, sharded() as resumed:
        assert_same_stream(flow, expected)
        head = list(islice(flow, 2))
        resumed.load_state_dict(flow.state_dict())
        assert_same_stream([*head, *resumed], expected)
