"""Tasks that workers die of: find the datapoint it is, and do all the others.

A task of several datapoints whose worker died is given out again in pieces of one datapoint each.
A datapoint that has seen two workers die, be it as part of a task, is poison.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dataflow_core.errors import WorkerDiedError
from dataflow_core.parallel.policy import MAX_TRIES, OnError, decide
from dataflow_core.parallel.task import Failure, Result, Skipped, Task

#: So many workers may die on one datapoint before it is poison.
POISON = 2

_STAGE = "the workers' part"


class Pieces:
    """A task that was given out again in pieces, and what has come back of them.

    Args:
        whole: the task.
        numbers: for the pieces.
    """

    def __init__(self, whole: Task, numbers: Iterator[int]) -> None:
        self.whole = whole
        self.tasks = [
            replace(
                whole,
                number=next(numbers),
                positions=[position],
                inputs=[dp],
                may_group=False,
                alone=True,
            )
            for position, dp in zip(whole.positions, whole.inputs)
        ]
        self._results: dict[int, Result] = {}

    def take(self, result: Result) -> Result | None:
        """Return the result of the whole, if this one was missing."""
        self._results[result.number] = result
        if len(self._results) < len(self.tasks):
            return None
        merged = Result(self.whole.number, [], [])
        positions: list[int] = []
        for task in self.tasks:
            piece = self._results[task.number]
            merged.outputs += piece.outputs
            positions += piece.positions
            merged.skipped = [*merged.skipped, *piece.skipped]
            merged.retried += piece.retried
            merged.copied_out += piece.copied_out
            merged.seconds += piece.seconds
            if piece.failure is not None:
                merged.failure = piece.failure
                break
        merged.positions = positions
        return merged


def poisoned(task: Task, cause: str, on_error: OnError) -> Result:
    """Return the result of a task of one datapoint that workers die of.

    Args:
        task: of one datapoint.
        cause: how the last worker ended.
        on_error: whether the datapoint may be skipped.
    """
    (position,) = task.positions
    error = WorkerDiedError(
        f"{POISON} workers died on the datapoint with position {position}; the last one {cause}",
        positions=task.positions,
    )
    if decide(on_error, error, _STAGE, position, MAX_TRIES) != "skip":
        return Result(task.number, [], [], failure=Failure(error))
    skipped = Skipped(position, _STAGE, f"WorkerDiedError: {error}", str(error))
    return Result(task.number, [], [], skipped=[skipped])
