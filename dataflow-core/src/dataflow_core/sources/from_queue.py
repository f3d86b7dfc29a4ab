"""A flow over a queue that somebody else fills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint


class Gettable(Protocol):
    """The part of `queue.Queue`, `multiprocessing.Queue` and their like that is needed."""

    def get(self) -> Datapoint:
        """Return the next item, waiting for it."""


class DataFromQueue(DataFlow):
    """What comes out of `queue.get()`, without end.

    What was read is gone, so a pipeline over a queue cannot be resumed: `state_dict()` raises
    NotResumableError.

    Raises:
        TypeError: if `queue` has no `get` method.

    Example:
        >>> import queue
        >>> filled = queue.Queue()
        >>> filled.put([1]); filled.put([2])
        >>> list(DataFromQueue(filled).take(2))
        [[1], [2]]
    """

    resumable: ClassVar[bool] = False

    def __init__(self, queue: Gettable) -> None:
        if not callable(getattr(queue, "get", None)):
            raise TypeError(f"DataFromQueue needs an object with get(), not {type(queue).__name__}")
        self._queue = queue

    def get_data(self) -> Iterator[Datapoint]:
        """Iterate for as long as the queue is fed."""
        while True:
            yield self._queue.get()
