"""What a worker does, on whatever backend: tasks in, results out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Protocol

from dataflow_core.collate import Allocate, Numbers, Rows, allocating
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import DROP, Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.group import Grouping
from dataflow_core.flow.reset import resetting
from dataflow_core.flow.run import Run, Scope
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.steps import Steps
from dataflow_core.parallel.task import TARGET_SECONDS, Draws, Failure, Result, Task


class Worker(Protocol):
    """Runs tasks one after the other, in one thread."""

    def run(self, task: Task) -> Result:
        """Return the task's result. Exceptions of the user's code are in it."""

    def close(self) -> None:
        """Let go of what is open."""


def make_worker(part: WorkersPart, *, in_process: bool, allocate: Allocate | None = None) -> Worker:
    """Return a worker for `part`.

    Args:
        part: what to run.
        in_process: whether the stages are the user's own objects, which are open already.
        allocate: where groups that leave the worker are made; None: in plain memory.
    """
    opening = None if in_process and not part.copied else _Opening(part)
    if part.stream is not None:
        return _StreamWorker(part.stream, opening)
    return _ChainWorker(part, opening, allocate)


class _Opening:
    """Lets stages that came from another process open what they need, as a reset does there."""

    def __init__(self, part: WorkersPart) -> None:
        self._part = part
        self._reset_for: object = None

    def reset(self, draws: Draws) -> None:
        """Reset the stages, unless they are as a reset to these draws leaves them."""
        key = (draws.seed, draws.before, draws.after)
        if key == self._reset_for:
            return
        with resetting():
            for stage, scope in self._part.scopes(draws):
                stage._bind(scope)
                stage.reset_state()
        self._reset_for = key


class _ChainWorker:
    def __init__(
        self, part: WorkersPart, opening: _Opening | None, allocate: Allocate | None
    ) -> None:
        self._part = part
        self._opening = opening
        self._allocate = allocate
        calls = part.calls_before()
        self._after = Steps(part.calls_after(), [stage._label() for stage in part.after])
        self._grouping = None if part.grouping is None else part.grouping._grouping()
        self._rows: Rows | None = None
        writes_rows = bool(part.before) and part.before[-1].writes_rows
        if writes_rows and self._grouping is not None and self._grouping.stacks:
            # The last step alone: what an earlier one makes may stay with those after it.
            self._rows = Rows(self._grouping.size, allocate)
            calls[-1] = self._rows.offered_to(calls[-1])
        self._before = Steps(calls, part.labels())

    def run(self, task: Task) -> Result:
        began = time.perf_counter()
        if self._opening is not None:
            self._opening.reset(task.draws)
        context = self._before.context(task.draws, task.draws.before)
        result = Result(task.number, [], [])
        self._before.run(context, task.positions, task.inputs, result, self._part.on_error)
        grouping = self._grouping
        if grouping is not None and task.may_group and not result.failure and result.outputs:
            self._group(task, result, grouping)
        if self._rows is not None:
            self._rows.forget()
        result.seconds = time.perf_counter() - began
        return result

    def _group(self, task: Task, result: Result, grouping: Grouping) -> None:
        """Make the outputs groups, if they are sure to be some."""
        if len(result.outputs) % grouping.size:
            return
        may_drop = self._part.may_drop
        collate = grouping.if_alike if may_drop else grouping.collate_alone
        if collate is None or (may_drop and len(result.outputs) < len(task.inputs)):
            return
        made: list[tuple[Datapoint, Numbers]] = []
        try:
            # No more than this: what a stage makes may stay with it, as in a cache or a shuffle.
            with allocating(self._allocate), self._rows or nullcontext():
                for first in range(0, len(result.outputs), grouping.size):
                    group = collate(result.outputs[first : first + grouping.size])
                    if group is None:
                        return
                    made.append(group)
        except Exception as error:  # noqa: BLE001
            if may_drop:
                return
            note_place(error, grouping.label, task.group + len(made))
            result.failure = Failure(error)
        result.grouped, result.groups = len(made), range(len(made))
        result.outputs, result.numbers = [out for out, _ in made], [numbers for _, numbers in made]
        if self._after.calls:
            self._after_grouping(task, result)

    def _after_grouping(self, task: Task, result: Result) -> None:
        context = self._after.context(task.draws, task.draws.after)
        after = Result(task.number, [], [])
        positions = range(task.group, task.group + result.grouped)
        self._after.run(context, positions, result.outputs, after)
        result.outputs = after.outputs
        result.groups = [position - task.group for position in after.positions]
        if after.failure is not None:
            result.failure = after.failure
            result.grouped = result.groups[-1] + 1 if result.groups else 0

    def close(self) -> None:
        pass


class _StreamWorker:
    """Runs a whole flow, some datapoints a task, no more than its time allows; tasks in order."""

    def __init__(self, flow: DataFlow, opening: _Opening | None) -> None:
        self._flow = flow
        self._opening = opening
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
                if time.perf_counter() - began > TARGET_SECONDS:
                    break  # the next task goes on from here
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
            draws = task.draws
            if self._opening is not None:
                self._opening.reset(draws)
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
