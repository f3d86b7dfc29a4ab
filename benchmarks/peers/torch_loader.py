"""PyTorch's DataLoader, as its manual has it."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

from peers import Dataset


def batches(
    dataset: Dataset, batch_size: int | None, workers: int, kind: str
) -> Generator[Any, None, None]:
    """Yield batches as tensors; its workers are always processes."""
    del kind
    # By name: its types are known only where it is installed.
    data = import_module("torch.utils.data")
    yield from data.DataLoader(dataset, batch_size, num_workers=workers)
