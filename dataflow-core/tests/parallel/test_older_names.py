"""The names that pipelines know: signatures, and that they are ParallelData in other words."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.testing import assert_same_stream

SEED = 13

SIGNATURES = {
    "PrefetchData": "(ds, num_prefetch, num_proc)",
    "MultiProcessRunner": "(ds, num_prefetch, num_proc)",
    "MultiProcessPrefetchData": "(ds, num_prefetch, num_proc)",
    "MultiThreadPrefetchData": "(get_df, num_prefetch, num_thread)",
    "MultiThreadRunner": "(get_df, num_prefetch, num_thread)",
    "MultiThreadMapData": (
        "(ds, num_thread=None, map_func=None, *, buffer_size=200, strict=False)"
    ),
    "MultiProcessMapData": "(ds, num_proc=None, map_func=None, *, buffer_size=200, strict=False)",
    "MultiProcessMapAndBatchData": "(ds, num_proc, map_func, batch_size, buffer_size=None)",
    "ReplicateData": "(ds, num_workers, backend='process')",
    "ParallelData": (
        "(ds, num_workers=None, backend='thread', *, max_in_flight=None, ordered=True,"
        " on_error='raise', max_errors=None, quarantine=None, timeout_s=None)"
    ),
}


def numbers(size: int = 23) -> df.DataFlow:
    return df.DataFromList([[i] for i in range(size)], shuffle=True)


def draw_or_drop(dp: Any) -> Any:
    return None if dp[0] % 4 == 1 else [*dp, df.rng().random()]


def seeded(flow: df.DataFlow) -> df.DataFlow:
    flow.reset_state(SEED)
    return flow


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_kept(name: str) -> None:
    signature = inspect.signature(getattr(df, name))
    bare = signature.replace(
        parameters=[
            parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in signature.parameters.values()
        ],
        return_annotation=inspect.Signature.empty,
    )
    assert str(bare) == SIGNATURES[name]


PREFETCHERS = {
    "PrefetchData": lambda flow: df.PrefetchData(flow, 6, 2),
    "MultiProcessRunner": lambda flow: df.MultiProcessRunner(flow, num_prefetch=6, num_proc=2),
    "MultiProcessPrefetchData": lambda flow: df.MultiProcessPrefetchData(flow, 6, 2),
    "MultiThreadPrefetchData": lambda flow: df.MultiThreadPrefetchData(lambda: flow, 6, 2),
    "MultiThreadRunner": lambda flow: df.MultiThreadRunner(
        get_df=lambda: flow, num_prefetch=6, num_thread=2
    ),
}

MAPPERS = {
    "MultiThreadMapData": lambda flow: df.MultiThreadMapData(flow, 2, draw_or_drop),
    "MultiThreadMapData, strict": lambda flow: df.MultiThreadMapData(
        flow, num_thread=2, map_func=draw_or_drop, buffer_size=5, strict=True
    ),
    "MultiProcessMapData": lambda flow: df.MultiProcessMapData(
        flow, num_proc=2, map_func=draw_or_drop, buffer_size=5, strict=True
    ),
}


@pytest.mark.parametrize("name", PREFETCHERS)
def test_prefetching_keeps_the_stream(name: str) -> None:
    def make() -> df.DataFlow:
        return numbers().map(draw_or_drop).batch(3)

    with PREFETCHERS[name](make()) as flow:
        assert isinstance(flow, df.ParallelData)
        assert type(flow) is getattr(df, name)
        assert flow.backend.name == ("thread" if "Thread" in name else "process")
        assert (flow.num_workers, flow.max_in_flight) == (2, 6)
        sequential = seeded(make())
        seeded(flow)
        for _ in range(2):
            assert_same_stream(flow, sequential)


@pytest.mark.parametrize("name", MAPPERS)
def test_mapping_keeps_the_stream_and_none_drops(name: str) -> None:
    with MAPPERS[name](numbers()) as flow:
        assert flow.backend.name == ("thread" if "Thread" in name else "process")
        assert flow.num_workers == 2
        assert flow.max_in_flight == (5 if "strict" in name or "Process" in name else 200)
        assert_same_stream(seeded(flow), seeded(numbers().map(draw_or_drop)))


def test_mapping_and_batching_keeps_the_stream() -> None:
    with df.MultiProcessMapAndBatchData(numbers(), 2, draw_or_drop, 4) as flow:
        assert flow.backend.name == "process"
        assert_same_stream(seeded(flow), seeded(numbers().map(draw_or_drop).batch(4)))


@pytest.mark.parametrize(("datapoints", "batches"), [(None, None), (1, 1), (7, 1), (8, 2), (9, 2)])
def test_a_buffer_of_datapoints_holds_whole_batches(datapoints: Any, batches: Any) -> None:
    flow = df.MultiProcessMapAndBatchData(numbers(), 2, draw_or_drop, 4, datapoints)
    assert flow.max_in_flight == batches


def test_without_a_number_there_are_as_many_workers_as_cpus() -> None:
    cpus = df.ParallelData(numbers()).num_workers
    assert cpus >= 1
    assert df.MultiThreadMapData(numbers(), map_func=draw_or_drop).num_workers == cpus
    assert df.MultiProcessMapData(numbers(), map_func=draw_or_drop).num_workers == cpus


@pytest.mark.parametrize("name", ["MultiThreadMapData", "MultiProcessMapData"])
def test_a_map_without_a_function_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} needs a map_func"):
        getattr(df, name)(numbers(), 2)
    with pytest.raises(TypeError, match="func"):
        getattr(df, name)(numbers(), 2, "no function")


@pytest.mark.parametrize("name", ["MultiThreadPrefetchData", "MultiThreadRunner"])
def test_what_makes_the_flow_is_called_once_and_checked(name: str) -> None:
    calls = []

    def get_df() -> df.DataFlow:
        calls.append(1)
        return numbers().map(draw_or_drop)

    getattr(df, name)(get_df, 3, 2)
    assert len(calls) == 1
    with pytest.raises(TypeError, match=f"get_df of {name}"):
        getattr(df, name)(numbers(), 3, 2)
    with pytest.raises(TypeError):
        getattr(df, name)(lambda: [1, 2, 3], 3, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: df.PrefetchData(numbers().map(draw_or_drop), 0, 2),
        lambda: df.PrefetchData(numbers().map(draw_or_drop), 2, 0),
        lambda: df.MultiThreadRunner(lambda: numbers().map(draw_or_drop), 2, -1),
        lambda: df.MultiThreadMapData(numbers(), 2, draw_or_drop, buffer_size=0),
        lambda: df.MultiProcessMapAndBatchData(numbers(), 2, draw_or_drop, 0),
        lambda: df.MultiProcessMapAndBatchData(numbers(), 2, draw_or_drop, 4, 0),
    ],
)
def test_numbers_below_one_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make()


OPAQUE = {
    "ParallelData": lambda flow: df.ParallelData(flow, 2),
    "parallel": lambda flow: flow.parallel(2),
    "PrefetchData": lambda flow: df.PrefetchData(flow, 6, 2),
    "MultiProcessRunner": lambda flow: df.MultiProcessRunner(flow, 6, 2),
    "MultiThreadRunner": lambda flow: df.MultiThreadRunner(lambda: flow, 6, 2),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_who_gives_workers_nothing_to_do_is_told_where(name: str) -> None:
    generator = df.DataFromGenerator(lambda: iter([[1]]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        OPAQUE[name](generator)
    (warning,) = caught
    assert "ReplicateData" in str(warning.message)
    assert warning.filename == __file__


def test_a_state_loads_into_the_sequential_pipeline_and_into_other_names() -> None:
    expected = list(seeded(numbers().map(draw_or_drop)))
    with df.MultiThreadMapData(numbers(), 2, draw_or_drop) as flow:
        reading = iter(seeded(flow))
        seen = [next(reading) for _ in range(5)]
        state = flow.state_dict()
    for other in (
        numbers().map(draw_or_drop),
        df.MultiThreadRunner(lambda: numbers().map(draw_or_drop), 3, 2),
    ):
        other.load_state_dict(state)
        assert_same_stream([*seen, *other], expected)
        other.close()
