"""Write a component straight into the batch that it is going to be stacked in.

A batch is a copy of its datapoints' components, and for large ones that copy is much of the work.
So a worker offers the last step before a grouping memory that is a row of the batch to come.
Whoever stacks the components then finds that they lie where they belong. Where they do not, since
a datapoint was dropped in between, or a step took more rows than it handed out, they are copied as
any others: the batch is the same.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dataflow_core.collate.allocation import Allocate
from dataflow_core.collate.recycled import RecycledMemory

#: Bytes of a batch's component from which on it matters where it is made.
WORTH_PLACING = 1 << 16


class _Present(threading.local):
    rows: Rows | None = None


_present = _Present()


def row(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an uninitialised C-contiguous array for a step to write a component into.

    It is a row of the batch that the component goes into, if one is about to be made; the step
    must therefore hand it out, and forget it. Else it is an array as any other.

    Example:
        >>> row((2, 3), "uint8").shape
        (2, 3)
    """
    rows = _present.rows
    taken = None if rows is None else rows.take(shape, np.dtype(dtype))
    return np.empty(shape, dtype) if taken is None else taken


def whole(values: Sequence[Any]) -> npt.NDArray[Any] | None:
    """Return the batch whose rows, all of them and in order, are `values`; None if it is not so."""
    rows = _present.rows
    return None if rows is None else rows.whole(values)


class Rows:
    """The rows of the batches that one worker's datapoints go into.

    Args:
        size: datapoints per batch.
        allocate: where batches are made; None: in plain memory.
    """

    def __init__(self, size: int, allocate: Allocate | None = None) -> None:
        self._size = size
        self._allocate = allocate
        self._memory = RecycledMemory()
        self._batches: list[_Batch] = []
        self._before: Rows | None = None

    def forget(self) -> None:
        """Let go of all batches: those that are in use belong to who uses them."""
        self._batches.clear()

    def __enter__(self) -> None:
        """Let this thread's `row` and `whole` find these rows."""
        self._before, _present.rows = _present.rows, self

    def __exit__(self, *exc_info: object) -> None:
        """Let them find what they found before."""
        _present.rows = self._before

    def offered_to(self, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return `step`, but so that `row` finds these rows while it runs."""

        def offered(dp: Any) -> Any:
            with self:
                return step(dp)

        return offered

    def take(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
        """Return the next row for such a component; None if it is too small to be worth it."""
        for batch in reversed(self._batches):
            if batch.memory.shape[1:] == shape and batch.memory.dtype == dtype:
                if len(batch.taken) < self._size:
                    return batch.take()
                break
        nbytes = self._size * math.prod(shape) * dtype.itemsize
        if nbytes < WORTH_PLACING or dtype.hasobject:
            return None
        memory = None if self._allocate is None else self._allocate(nbytes)
        if memory is None:
            memory = self._memory.empty(nbytes)
        self._batches.append(_Batch(memory.view(dtype).reshape(self._size, *shape)))
        return self._batches[-1].take()

    def whole(self, values: Sequence[Any]) -> npt.NDArray[Any] | None:
        """Return the batch whose rows, all of them and in order, are `values`, if there is one."""
        for batch in self._batches:
            if batch.taken and values[0] is batch.taken[0]:
                # Handed out once, so that no two batches share memory.
                self._batches.remove(batch)
                return batch.memory if batch.is_made_of(values) else None
        return None


class _Batch:
    """A batch's component in the making.

    Attributes:
        memory: (size, ...).
        taken: its first rows, as arrays.
    """

    __slots__ = ("memory", "taken")

    def __init__(self, memory: npt.NDArray[Any]) -> None:
        self.memory = memory
        self.taken: list[npt.NDArray[Any]] = []

    def take(self) -> npt.NDArray[Any]:
        taken: npt.NDArray[Any] = self.memory[len(self.taken)]
        self.taken.append(taken)
        return taken

    def is_made_of(self, values: Sequence[Any]) -> bool:
        return len(values) == len(self.memory) == len(self.taken) and all(
            value is taken for value, taken in zip(values, self.taken)
        )
