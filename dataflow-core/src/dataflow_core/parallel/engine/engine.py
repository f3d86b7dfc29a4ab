"""The engine: a bounded number of tasks in flight, their results in order, none lost.

tasks in flight + results waiting <= window.tasks
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import count

from dataflow_core import hooks
from dataflow_core.errors import NotPicklableError, ParallelError, WorkerDiedError
from dataflow_core.flow.failure import add_note
from dataflow_core.flow.run import Place, position_of
from dataflow_core.parallel.backend import Pool
from dataflow_core.parallel.engine.ledger import Counts
from dataflow_core.parallel.engine.overtaking import Overtaking
from dataflow_core.parallel.engine.poison import POISON, Pieces, poisoned
from dataflow_core.parallel.engine.window import Window
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.task import Failure, Lost, Result, Task
from dataflow_core.parallel.unreadable import Unreadable, settled


class Engine:
    """Runs the tasks of one run on a pool.

    Args:
        pool: of workers; the engine does not close it.
        tasks: made when there is room for them.
        idle: whether the next task would have to be waited for, if that is known; then it is not
            asked for as long as there is something to hand out.
        window: how many may be in flight or waiting.
        numbers: for tasks that are given out again in pieces; unlike any that the pool was given.
        counts: of workers that died, and what they had.
        overtaking: how far out of order results may come; None: not at all.
        on_error: whether a datapoint that workers die of may be skipped.
    """

    def __init__(
        self,
        pool: Pool,
        tasks: Generator[Task, None, None],
        window: Window,
        *,
        idle: Callable[[], bool | None] | None = None,
        numbers: Iterator[int] | None = None,
        counts: Counts | None = None,
        overtaking: Overtaking | None = None,
        on_error: OnError = "raise",
    ) -> None:
        self._pool = pool
        self._tasks = tasks
        self._idle = idle
        self._window = window
        self._counts = Counts() if counts is None else counts
        self._overtaking = Overtaking(0) if overtaking is None else overtaking
        self._order: deque[Task] = deque()
        self._in_flight: dict[int, Task] = {}
        self._arrived: dict[int, Result] = {}
        self._numbers = count(1 << 62) if numbers is None else numbers
        self._on_error = on_error
        self._deaths: dict[int, int] = {}
        #: Tasks that were given out again in pieces, by the numbers of these.
        self._pieces: dict[int, Pieces] = {}
        self._feeding = True
        self._error: Exception | None = None
        self._reached: Place | None = None
        self._owner = os.getpid()

    def results(self) -> Iterator[tuple[Task, Result]]:
        """Yield each task and its result, in the order of the tasks or as far out of it as allowed.

        Raises:
            WorkerDiedError: if one task kills two workers.
            ParallelError: in a fork of the process that began this; the workers are that one's.
            Exception: what making the tasks raised, after the results of those made before.
        """
        while True:
            if os.getpid() != self._owner:
                raise ParallelError(
                    "this epoch was begun in another process, which forked this one, and its"
                    " workers answer to that one. Begin an epoch of your own: iter(flow)"
                )
            self._fill()
            if not self._order:
                break
            waited = False
            while (task := self._overtaking.choose(self._order, self._arrived)) is None:
                self._receive()
                waited = True
            self._window.handed_out(waited=waited)
            self._overtaking.hand_out(task, self._order)
            self._order.remove(task)
            yield task, self._arrived.pop(task.number)
        if self._error is not None:
            raise self._error

    def stop_feeding(self) -> None:
        """Make no more tasks, and forget those that were made; whoever lent the pool cancels."""
        self._feeding = False
        self._order.clear()
        self._in_flight.clear()
        # Not left to the garbage collector: what feeds it may be a flow with workers of its own.
        self._tasks.close()
        hooks.stats_sampled(asdict(self._counts))

    def _fill(self) -> None:
        while self._feeding and len(self._order) < self._window.tasks:
            if self._order and self._idle is not None and self._idle():
                return
            try:
                task = next(self._tasks)
            except StopIteration:
                self._feeding = False
            except Exception as error:  # noqa: BLE001  raised when its turn has come
                self._feeding = False
                self._error = error
            else:
                self._submit(task)

    def _submit(self, task: Task) -> None:
        try:
            self._pool.submit(task)
        except Exception as error:  # noqa: BLE001  raised at its turn
            if isinstance(error, NotPicklableError) and len(task.inputs) > 1:
                self._submit_up_to_what_cannot_travel(task)
            else:
                self._feeding = False
                self._error = error
        else:
            self._order.append(task)
            self._in_flight[task.number] = task

    def _submit_up_to_what_cannot_travel(self, task: Task) -> None:
        self._order.append(task)
        for piece in self._in_pieces(task):
            if not self._feeding:
                self._take(Result(piece.number, [], []))  # behind the failure: nobody will see it
                continue
            try:
                self._pool.submit(piece)
            except NotPicklableError as error:
                self._feeding = False
                self._take(Result(piece.number, [], [], failure=Failure(error)))

    def _receive(self) -> None:
        answer = self._pool.receive()
        if isinstance(answer, Lost):
            self._hand_on(answer)
        else:
            self._take(answer)

    def _take(self, result: Result) -> None:
        task = self._in_flight.pop(result.number, None)
        if task is None:
            return  # It answers to a run that was broken off, or was given out twice.
        self._window.learn(result.seconds)
        if isinstance(result.failure, Unreadable):
            if len(task.inputs) > 1:
                for piece in self._in_pieces(task):
                    self._pool.submit(piece)
                return
            if task.inputs:
                result = settled(task, result.failure, self._on_error)
        pieces = self._pieces.pop(result.number, None)
        whole = result if pieces is None else pieces.take(result)
        if whole is None:
            return
        self._arrived[whole.number] = whole
        if whole.places:
            self._reached = whole.places[-1]

    def _hand_on(self, lost: Lost) -> None:
        """Give the tasks of a dead worker to others."""
        self._counts.workers_lost += 1
        again = [self._in_flight[number] for number in lost.tasks if number in self._in_flight]
        if not again:
            return
        self._counts.tasks_rerun += len(again)
        if again[0].number == lost.tasks[0]:
            again[:1] = self._after_a_death(again[0], lost.cause)
        if again and again[0].count:
            again = self._from_where_it_stands()
        for task in again:
            self._pool.submit(task)

    def _after_a_death(self, suspect: Task, cause: str) -> list[Task]:
        """Return what to give out instead of a task that a worker died on."""
        deaths = self._deaths[suspect.number] = self._deaths.get(suspect.number, 0) + 1
        if suspect.count:
            if deaths >= POISON:
                positions = self._positions_of(suspect)
                raise WorkerDiedError(
                    f"{deaths} workers died on the same task, the last one {cause}; it holds the"
                    f" datapoints with positions {[*positions]}",
                    positions=positions,
                )
            return [suspect]
        if len(suspect.inputs) == 1:
            if deaths < POISON:
                return [suspect]
            self._take(poisoned(suspect, cause, self._on_error))
            return []
        del self._in_flight[suspect.number]
        again = self._in_pieces(suspect)
        self._deaths.update((piece.number, deaths) for piece in again)
        return again

    def _in_pieces(self, task: Task) -> list[Task]:
        """Return what to give out instead of a task, to find which of its datapoints it is."""
        pieces = Pieces(task, self._numbers)
        for piece in pieces.tasks:
            self._pieces[piece.number] = pieces
            self._in_flight[piece.number] = piece
        return pieces.tasks

    def _positions_of(self, task: Task) -> Sequence[int]:
        if not task.count:
            return task.positions
        first = position_of(task.begin if self._reached is None else self._reached)
        return range(first, first + task.count)

    def _from_where_it_stands(self) -> list[Task]:
        """Return what is in flight, for a new worker that opens the whole flow anew.

        These tasks build on each other, so also those that the dead worker never saw go again.
        """
        self._pool.cancel()
        first, *others = self._in_flight.values()
        if not first.opens:
            first = replace(first, opens=True, begin=self._reached)
        # Alone, so that its answer is here before the next one can be what the worker dies of.
        return [replace(first, alone=True), *others]


def raise_failure(failure: Failure) -> None:
    """Raise the exception of a worker here, as itself."""
    if failure.traceback_text is not None:
        where = "in a worker" if failure.worker is None else f"in worker process {failure.worker}"
        add_note(failure.error, f"{where}:\n{failure.traceback_text.rstrip()}")
    raise failure.error
