from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

import dataflow_core as df
from dataflow_core.cli.app import app
from dataflow_core.cli.profile import crews_of
from dataflow_core.cli.stage_times import Cost, Costs, _Clock, stage_costs
from dataflow_core.flow.explain import tree
from dataflow_core.testing import canonical

SLOW_S = 0.002


def slow(dp: Any) -> Any:
    end = time.perf_counter() + SLOW_S
    while time.perf_counter() < end:
        pass
    return dp


def draw(dp: Any) -> Any:
    return [*dp, df.rng().random()]


def odd(dp: Any) -> bool:
    return bool(dp[0] % 2)


def numbers(size: int = 20) -> df.DataFlow:
    return df.DataFromList([[i] for i in range(size)])


class Squares(df.IndexedDataFlow):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int, /) -> Any:
        return [index * index, df.rng().random()]


class Twice(df.ProxyDataFlow):
    def get_data(self) -> Any:
        for dp in self.ds:
            yield dp
            yield dp


PIPELINES: dict[str, Callable[[], df.DataFlow]] = {
    "a source": numbers,
    "maps": lambda: numbers().map(draw).map(draw),
    "a filter": lambda: numbers().filter(odd).map(draw),
    "batches": lambda: Squares(shuffle=True).map(draw).batch(4),
    "a shuffle": lambda: numbers().map(draw).shuffle(5).map(draw).batch(3, remainder=True),
    "a shard": lambda: Squares(shuffle=True).map(draw).shard(1, 3).map(draw),
    "several passes": lambda: Squares(shuffle=True).map(draw).repeat(2).map(draw),
    "several flows": lambda: df.ConcatData([numbers().map(draw), Squares().map(draw)]).map(draw),
    "flows side by side": lambda: df.JoinData([numbers().map(draw), Squares().map(draw)]),
    "a generator of one's own": lambda: Twice(numbers().map(draw)).map(draw),
    "one flow twice": lambda: df.ConcatData([*[numbers().map(draw)] * 2]),
    "workers": lambda: numbers().map(draw).batch(2).parallel(2, backend="thread").map(draw),
    "workers twice": lambda: (
        numbers().map(draw).parallel(2, "thread").shuffle(4).map(draw).parallel(2, "thread")
    ),
}


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_what_is_listened_to_is_the_same_stream(name: str) -> None:
    with PIPELINES[name]() as flow, _Clock().listened_to(PIPELINES[name]()) as twin:
        for either in (flow, twin):
            either.reset_state(seed=3)
        for _ in range(2):
            assert [canonical(dp) for dp in twin] == [canonical(dp) for dp in flow]


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_the_stages_together_take_what_the_run_takes(name: str) -> None:
    flow = PIPELINES[name]()
    costs = stage_costs(flow, 0.05, seed=1)
    together = sum(cost.seconds for cost in costs.by_stage.values())
    assert 0 < together <= costs.seconds
    stages = {id(row.flow) for row in tree(flow)}
    assert costs.by_stage.keys() <= stages
    assert costs.datapoints > 0


def test_time_is_charged_to_the_stage_that_took_it() -> None:
    source = numbers(50)
    slowed = source.map(slow)
    kept = slowed.filter(odd)
    batches = kept.shuffle(5).batch(2)
    costs = stage_costs(batches.parallel(2, backend="thread"), 0.3)
    by_stage = costs.by_stage
    at_slow = by_stage[id(slowed)]
    assert at_slow.seconds >= at_slow.datapoints * SLOW_S
    assert at_slow.seconds > 0.5 * sum(cost.seconds for cost in by_stage.values())
    assert by_stage[id(batches)].datapoints == costs.datapoints
    assert by_stage[id(source)].datapoints >= at_slow.datapoints > by_stage[id(kept)].datapoints


def test_the_flow_itself_is_not_touched() -> None:
    flow = numbers().map(draw).batch(2)
    flow.reset_state(seed=1)
    expected = [canonical(dp) for dp in flow]
    flow.reset_state(seed=1)
    iterator = iter(flow)
    first = [canonical(next(iterator)) for _ in range(3)]
    stage_costs(flow, 0.01, seed=9)
    assert first + [canonical(dp) for dp in iterator] == expected


def test_clones_run_as_they_are() -> None:
    with df.ReplicateData(numbers(), 2, backend="thread") as flow:
        costs = stage_costs(flow, 0.02, seed=1)
    assert costs.by_stage.keys() == {id(flow)}


def test_a_stage_that_two_others_read_counts_once() -> None:
    shared = numbers().map(draw)
    flow = df.ConcatData([shared.map(draw), shared.map(draw)])
    costs = stage_costs(flow, 0.02, seed=1)
    (loop,) = crews_of(tree(flow), costs)
    assert [stage for stage, _ in loop.stages].count(shared) == 1
    assert loop.seconds <= costs.seconds


def test_an_epoch_of_nothing_is_an_error() -> None:
    with pytest.raises(df.EmptyDataFlowError):
        stage_costs(df.DataFromList([]), 0.01)


def test_workers_share_what_is_theirs_and_the_loop_has_the_rest() -> None:
    source = numbers()
    mapped = source.map(slow)
    parallel = mapped.parallel(4, backend="thread")
    top = parallel.map(draw)
    seconds = {id(source): 1.0, id(mapped): 8.0, id(top): 3.0}
    costs = Costs({stage: Cost(spent, 10) for stage, spent in seconds.items()}, 10, 12.0)
    loop, workers = crews_of(tree(top), costs)
    assert (loop.is_loop, loop.seconds) == (True, 4.0)
    assert loop.largest() == (top, 0.75)
    assert (workers.is_loop, workers.workers, workers.seconds) == (False, 4, 2.0)
    assert workers.largest() == (mapped, 1.0)


FLOWS = """
import time
import dataflow_core as df

def slow(dp):
    end = time.perf_counter() + 0.002
    while time.perf_counter() < end:
        pass
    return dp

numbers = df.DataFromList([[i] for i in range(100)])
hidden = numbers.map(slow).shuffle(10).batch(2).parallel(2, backend="thread")
well_placed = numbers.map(slow).batch(2).parallel(2, backend="thread")
empty = df.DataFromList([])
"""


@pytest.fixture
def flows(folder: Path) -> Path:
    (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("flows")
def test_it_names_the_stage_that_holds_the_others_up() -> None:
    done = CliRunner().invoke(app, ["profile", "flows:hidden", "--seconds", "0.2"])
    assert done.exit_code == 0, done.output
    (row,) = [line for line in done.stdout.splitlines() if "└─ MapData(slow)" in line]
    each, share, datapoints = row.split("MapData(slow)")[1].split()
    assert float(each.replace(",", "")) >= 2000
    assert re.fullmatch(r"\d+%", share)
    assert int(datapoints) > 0
    assert "the bottleneck: the loop itself" in done.stdout
    assert "of that work is MapData(slow)\n" in done.stdout
    assert ".parallel() after it" in done.stdout


@pytest.mark.usefixtures("flows")
def test_it_says_when_workers_are_the_bottleneck() -> None:
    done = CliRunner().invoke(app, ["profile", "flows:well_placed", "--seconds", "0.2"])
    assert done.exit_code == 0, done.output
    assert "the bottleneck: 2 workers of the thread backend" in done.stdout
    assert ".parallel() after it" not in done.stdout
    assert re.search(r"as it is: [\d,.]+ datapoints/s", done.stdout)


@pytest.mark.usefixtures("flows")
def test_a_flow_without_datapoints_is_an_error() -> None:
    done = CliRunner().invoke(app, ["profile", "flows:empty", "--seconds", "0.2"])
    assert done.exit_code == 1
    assert "no datapoints" in done.output
