"""Tasks with datapoints that can be pickled on one side and not be unpickled on the other.

Which datapoint it is shows when the task runs again in pieces of one datapoint each.
"""

from __future__ import annotations

from dataclasses import dataclass

from dataflow_core.errors import NotPicklableError
from dataflow_core.flow.failure import note_place
from dataflow_core.parallel.policy import MAX_TRIES, OnError, decide
from dataflow_core.parallel.task import Failure, Result, Skipped, Task


@dataclass(eq=False)
class Unreadable(Failure):
    """Some datapoint of a task cannot be unpickled.

    Attributes:
        error: what unpickling it raised.
        stage: which made it; "" if it is an input of the task, and a worker could not read it.
        said: what the error says, in a line.
    """

    stage: str = ""
    said: str = ""

    def at(self, position: int) -> Failure:
        """Return the failure that the user sees, once it is known which datapoint it is."""
        if self.stage:
            what = f"what {self.stage} made of the datapoint with position {position}"
            where = "where it is iterated"
        else:
            what, where = f"the datapoint with position {position}", "in a worker process"
        error = NotPicklableError(
            f"{what} cannot be unpickled {where}: {self.said}. Use"
            ' numbers, strings, containers and arrays, or backend="thread"',
            stage=self.stage,
        )
        error.__cause__ = self.error
        if self.stage:
            note_place(error, self.stage, position)
        return Failure(error, self.traceback_text)


def settled(task: Task, failure: Unreadable, on_error: OnError) -> Result:
    """Return the result of a task of one datapoint that cannot be unpickled.

    Args:
        task: of one datapoint.
        failure: why it cannot.
        on_error: whether it may be skipped.
    """
    (position,) = task.positions
    final = failure.at(position)
    error = final.error
    if not isinstance(error, Exception) or (
        decide(on_error, error, failure.stage, position, MAX_TRIES) != "skip"
    ):
        return Result(task.number, [], [], failure=final)
    return Result(task.number, [], [], skipped=[Skipped.because_of(error, failure.stage, position)])
