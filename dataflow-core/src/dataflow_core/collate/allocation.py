"""Where the arrays of a batch are made: in plain memory, or where the batch is to go.

A worker process that sends its batches through shared memory has them stacked right there.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

#: Returns (nbytes,) uint8, aligned for any dtype, or None if it has no room for so many.
Allocate = Callable[[int], "npt.NDArray[np.uint8] | None"]


class _Present(threading.local):
    allocate: Allocate | None = None


_present = _Present()


@contextmanager
def allocating(allocate: Allocate | None) -> Iterator[None]:
    """Let this thread's batches be made in memory that `allocate` hands out; None: in plain."""
    before, _present.allocate = _present.allocate, allocate
    try:
        yield
    finally:
        _present.allocate = before


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """Return an array for a batch's component; None if it may as well be made anywhere."""
    allocate = _present.allocate
    if allocate is None:
        return None
    memory = allocate(math.prod(shape) * dtype.itemsize)
    return None if memory is None else memory.view(dtype).reshape(shape)
