"""Grain's datasets, read by threads or by processes."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

from peers import Dataset


def batches(
    dataset: Dataset, batch_size: int | None, workers: int, kind: str
) -> Generator[Any, None, None]:
    """Yield batches as numpy arrays."""
    grain = import_module("grain")
    items = grain.MapDataset.source(dataset)
    if kind == "thread":
        stream = items.to_iter_dataset(
            grain.ReadOptions(num_threads=workers, prefetch_buffer_size=4 * workers)
        )
        yield from stream if batch_size is None else stream.batch(batch_size)
        return
    if batch_size is not None:
        items = items.batch(batch_size)
    # Its processes read by threads of their own; one each is enough for what never waits.
    stream = items.to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=1))
    yield from stream.mp_prefetch(
        grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
    )
