"""What a worker does, on whatever backend: tasks in, results out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from dataflow_core.collate import uniform
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import DROP, Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.reset import resetting
from dataflow_core.flow.run import Run, Scope
from dataflow_core.parallel.part import Call, WorkersPart
from dataflow_core.parallel.task import Draws, Failure, Result, Task
from dataflow_core.rng import DrawContext, hold, let_go


class Worker(Protocol):
    """Runs tasks one after the other, in one thread."""

    def run(self, task: Task) -> Result:
        """Return the task's result. Exceptions of the user's code are in it."""

    def close(self) -> None:
        """Let go of what is open."""


def make_worker(part: WorkersPart, *, in_process: bool) -> Worker:
    """Return a worker for `part`.

    Args:
        part: what to run.
        in_process: whether the stages are the user's own objects, which are open already.
    """
    if part.stream is not None:
        return _StreamWorker(part.stream, in_process=in_process)
    return _ChainWorker(part, in_process=in_process)


def _open_stages(stages: Sequence[DataFlow], draws: Draws) -> None:
    """Let stages that came from another process open what they need in this one."""
    with resetting():
        for stage in stages:
            stage._bind(Scope(draws.seed, draws.epoch))
            stage.reset_state()


class _Numbering:
    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = -1


class Steps:
    """One-by-one stages, and the random numbers of the run they are in."""

    def __init__(self, calls: Sequence[Call], labels: Sequence[str]) -> None:
        self.calls = [*enumerate(calls)]
        self.labels = labels
        self._key: object = None
        self._context: DrawContext | None = None
        self._numbering = _Numbering()

    def context(self, draws: Draws, streams: tuple[int, ...]) -> DrawContext:
        """Return the context for a task, with the generators of the task before if they fit."""
        key = (draws.seed, streams)
        if self._context is None or key != self._key:
            self._key = key
            self._context = DrawContext(draws.seed, draws.epoch, streams, self._numbering)
        self._context.restart(draws.epoch)
        return self._context

    def run(
        self, context: DrawContext, positions: Sequence[int], inputs: Sequence[Datapoint]
    ) -> tuple[list[Datapoint], list[int], Failure | None]:
        """Run the steps on every input, up to the first that fails."""
        outputs: list[Datapoint] = []
        kept: list[int] = []
        numbering, calls = self._numbering, self.calls
        hold(context)
        try:
            for numbering.position, dp in zip(positions, inputs):
                for context.step, call in calls:
                    dp = call(dp)  # noqa: PLW2901
                    if dp is DROP:
                        break
                if dp is not DROP:
                    outputs.append(dp)
                    kept.append(numbering.position)
        except Exception as error:  # noqa: BLE001  it is the user's, and the engine raises it
            note_place(error, self.labels[context.step], numbering.position)
            return outputs, kept, Failure(error)
        finally:
            let_go()
        return outputs, kept, None


class _ChainWorker:
    def __init__(self, part: WorkersPart, *, in_process: bool) -> None:
        self._part = part
        self._opened = in_process
        self._before = Steps(part.calls_before(), part.labels())
        self._after = Steps(part.calls_after(), [stage._label() for stage in part.after])
        self._grouping = None if part.grouping is None else part.grouping._grouping()

    def run(self, task: Task) -> Result:
        began = time.perf_counter()
        if not self._opened:
            _open_stages([] if self._part.read is None else [self._part.read], task.draws)
            self._opened = True
        context = self._before.context(task.draws, task.draws.before)
        outputs, kept, failure = self._before.run(context, task.positions, task.inputs)
        result = Result(task.number, outputs, kept, failure=failure)
        if failure is None and self._grouping is not None and len(outputs) == self._grouping.size:
            self._group(task, result)
        result.seconds = time.perf_counter() - began
        return result

    def _group(self, task: Task, result: Result) -> None:
        """Make the outputs one group, if it is sure to be one."""
        grouping = self._grouping
        assert grouping is not None
        if self._part.may_drop and not (grouping.split is not None and uniform(result.outputs)):
            return
        try:
            group = grouping.collate(result.outputs)
        except Exception as error:  # noqa: BLE001
            if not self._part.may_drop:
                note_place(error, grouping.label, task.group)
                result.outputs, result.failure = [], Failure(error)
            return
        result.grouped = True
        result.outputs = [group]
        if self._after.calls:
            context = self._after.context(task.draws, task.draws.after)
            result.outputs, _, result.failure = self._after.run(context, [task.group], [group])

    def close(self) -> None:
        pass


class _StreamWorker:
    """Runs a whole flow, some datapoints a task; tasks come in their order."""

    def __init__(self, flow: DataFlow, *, in_process: bool) -> None:
        self._flow = flow
        self._opened = in_process
        self._run: Run | None = None
        self._items: Iterator[Datapoint] = iter(())

    def run(self, task: Task) -> Result:
        began = time.perf_counter()
        outputs: list[Datapoint] = []
        result = Result(task.number, outputs, [])
        positions, places = [], []
        try:
            run = self._run_of(task)
            if run is None:
                result.finished = True
                return result
            for _ in range(task.count):
                dp = next(self._items, DROP)
                if dp is DROP:
                    result.finished = True
                    self.close()
                    break
                outputs.append(dp)
                positions.append(run.position)
                places.append(run.place())
        except Exception as error:  # noqa: BLE001  it is the user's, and the engine raises it
            result.failure = Failure(error)
            self.close()
        result.positions, result.places = positions, places
        result.seconds = time.perf_counter() - began
        return result

    def _run_of(self, task: Task) -> Run | None:
        """Return the run that the task goes on with; None if it came to its end already."""
        if task.opens:
            self.close()
            if not self._opened:
                _open_stages([self._flow], task.draws)
                self._opened = True
            draws = task.draws
            scope = Scope(draws.seed, draws.epoch, draws.before[0])
            self._run = self._flow._open(scope, task.begin)
            self._items = iter(self._run)
        return self._run

    def close(self) -> None:
        close = getattr(self._items, "close", None)
        if close is not None:
            close()
        if self._run is not None:
            self._run.close()
        self._run, self._items = None, iter(())
