"""SPDL's pipelines, whose stages run in threads or in processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np

from peers import Dataset

_dataset: list[Dataset] = []


def batches(
    dataset: Dataset, batch_size: int | None, workers: int, kind: str
) -> Generator[Any, None, None]:
    """Yield batches as numpy arrays; each is made by one worker."""
    spdl = import_module("spdl.pipeline")
    size = 1 if batch_size is None else batch_size
    starts = range(0, len(dataset) - size + 1, size)
    with _executor(kind, workers, dataset) as executor:
        pipeline = (
            spdl.PipelineBuilder()
            .add_source(range(start, start + size) for start in starts)
            .pipe(
                _one if batch_size is None else _stacked,
                executor=executor,
                concurrency=workers,
                output_order="input",
            )
            .add_sink(2)
            .build(num_threads=1)
        )
        with pipeline.auto_stop():
            yield from pipeline


def _executor(kind: str, workers: int, dataset: Dataset) -> Executor:
    if kind == "thread":
        return ThreadPoolExecutor(workers, initializer=_read_from, initargs=(dataset,))
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, spawn, _read_from, (dataset,))


def _read_from(dataset: Dataset) -> None:
    _dataset[:] = [dataset]


def _one(indices: Sequence[int]) -> Any:
    return _dataset[0][indices[0]]


def _stacked(indices: Sequence[int]) -> Any:
    items = [_dataset[0][index] for index in indices]
    if isinstance(items[0], list):
        return [np.stack(component) for component in zip(*items)]
    return np.stack(items)
