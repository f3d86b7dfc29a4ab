"""What travels between the engine and its workers."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from dataflow_core.codec import weigh
from dataflow_core.collate import Numbers
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place

#: A task should take about this long, so that its own cost (10 to 100 µs) does not show. Not
#: longer: who keeps one small batch may keep the memory of all that shared its task.
TARGET_SECONDS = 2e-3


@dataclass(frozen=True)
class Draws:
    """What the random numbers of a run hang on.

    Attributes:
        seed: of the pipeline.
        epoch: of the run.
        before: number of the random stream of each step before the grouping.
        after: the same, of each step after it.
    """

    seed: int
    epoch: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


@dataclass(eq=False)
class Task:
    """Some consecutive positions, and what the workers' part is to be run on.

    Attributes:
        number: of the task; unique among all that a pool is ever given, and increasing.
        draws: of the run it belongs to.
        positions: of the inputs.
        inputs: indices of the workers' source, or datapoints.
        group: position of the first group that the inputs make up, if there is a grouping.
        count: for a part that is a whole flow: how many datapoints to hand out next.
        begin: for a part that is a whole flow: where to open it; None in `count`'s wake.
        opens: whether the flow is to be opened at `begin`.
        may_group: whether the inputs may be made groups; else they stay single datapoints.
        places: where what follows each input begins, if positions do not tell; stays here.
        alone: whether it should have a worker to itself, because another one may have died of it.
    """

    number: int
    draws: Draws
    positions: Sequence[int] = ()
    inputs: Sequence[Datapoint] = ()
    group: int = 0
    count: int = 0
    begin: Place | None = None
    opens: bool = False
    may_group: bool = True
    places: Sequence[Place] = ()
    alone: bool = False

    def weight(self) -> int:
        """Return about how many bytes the inputs hold, if all are as the last one is."""
        return _as_the_last(self.inputs)


@dataclass(eq=False)
class Failure:
    """An exception of the workers' part.

    Attributes:
        error: the exception, with its notes.
        traceback_text: of the worker, where the exception came from another process.
        worker: the number of that one.
    """

    error: BaseException
    traceback_text: str | None = None
    worker: int | None = None


@dataclass(frozen=True, eq=False)
class Skipped:
    """A datapoint that was left out because a stage failed on it.

    Attributes:
        position: the datapoint's.
        stage: which failed.
        error: what it raised, as `Type: message`.
        traceback: formatted.
    """

    position: int
    stage: str
    error: str
    traceback: str

    @staticmethod
    def because_of(error: Exception, stage: str, position: int) -> Skipped:
        """Return the record of a datapoint that is left out because of an error."""
        try:
            last = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001  a user's __str__ may raise anything
            last = f"{type(error).__name__}, which has no text"
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return Skipped(position, stage, last, text)


@dataclass(eq=False)
class Result:
    """What became of a task.

    Attributes:
        number: of the task.
        outputs: datapoints that were not dropped, in order; up to the failure if there is one.
        positions: of the inputs that were not dropped.
        grouped: how many groups the inputs were made into, up to the failure: `outputs` is what
            came of these. 0: outputs are single datapoints.
        groups: which of them each output came of, counted from 0.
        numbers: what it takes to undo each, where a datapoint might have been dropped before.
        seconds: how long the worker was at it.
        nbytes: that travelled, where it came from another process.
        failure: what went wrong on the datapoint after `outputs`.
        places: for a part that is a whole flow: where what follows each output begins.
        finished: for a part that is a whole flow: whether its epoch is over.
        skipped: datapoints left out under `on_error`, in order.
        retried: how often datapoints were tried again.
        copied_out: how often it found no room in memory that is shared with the worker.
    """

    number: int
    outputs: list[Datapoint]
    positions: Sequence[int]
    grouped: int = 0
    groups: Sequence[int] = ()
    numbers: Sequence[Numbers] = ()
    seconds: float = 0.0
    nbytes: int = 0
    failure: Failure | None = None
    places: Sequence[Place] = ()
    finished: bool = False
    skipped: Sequence[Skipped] = ()
    retried: int = 0
    copied_out: int = 0

    def weight(self) -> int:
        """Return how many bytes it holds; about, and if all outputs are as the last one is."""
        return self.nbytes or _as_the_last(self.outputs)


def _as_the_last(datapoints: Sequence[Datapoint]) -> int:
    return len(datapoints) * weigh(datapoints[-1]) if datapoints else 0


@dataclass(frozen=True)
class Lost:
    """A worker is gone, and so are tasks it had; another one has taken its place.

    Attributes:
        worker: its number.
        tasks: numbers of the tasks, the one that was being worked on first.
        cause: how it ended, for people.
    """

    worker: int
    tasks: tuple[int, ...]
    cause: str
