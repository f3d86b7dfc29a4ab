"""A flow over a queue that somebody else fills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.run import Place, Run, Scope, position_of


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

    def _open(self, scope: Scope, place: Place | None) -> Run:
        del scope
        return _QueueRun(self._queue, self._label(), position_of(place))


class _QueueRun(Run):
    __slots__ = ("_label", "_queue")

    def __init__(self, queue: Gettable, label: str, start: int) -> None:
        super().__init__(start)
        self._queue = queue
        self._label = label

    def __iter__(self) -> Iterator[Datapoint]:
        while True:
            try:
                dp = self._queue.get()
            except Exception as error:
                note_place(error, self._label, self.position + 1)
                raise
            self.position += 1
            yield dp

    def idle(self) -> bool | None:
        empty = getattr(self._queue, "empty", None)
        return bool(empty()) if callable(empty) else None
