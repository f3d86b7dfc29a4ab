"""The parallel run of a whole flow: one worker runs it, ahead of the consumer."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope, position_of
from dataflow_core.parallel.engine.engine import raise_failure
from dataflow_core.parallel.engine.lease import Leased
from dataflow_core.parallel.planning.chunk import ChunkSize
from dataflow_core.parallel.planning.feed import ask
from dataflow_core.parallel.planning.plan import Plan
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.parallel.unreadable import Unreadable


class _TooManyAtOnceError(Exception):
    """One of several datapoints cannot be unpickled; which one shows when they come singly."""


class StreamRun(Run):
    """Datapoints of a flow that a worker runs, with the positions they have there."""

    __slots__ = ("_before", "_draws", "_here", "_start", "_terms")

    def __init__(self, plan: Plan, scope: Scope, place: Place | None, terms: Terms) -> None:
        super().__init__(position_of(place))
        self._draws = plan.draws(scope)
        self._terms = terms
        self._start = place
        self._before = self._here = 0 if place is None else place

    def __iter__(self) -> Iterator[Datapoint]:
        chunk = ChunkSize(self._terms.window.largest_task)
        with self._terms.keeper.lease() as leased:
            try:
                yield from self._read(leased, chunk)
            except _TooManyAtOnceError:
                # From where it stands, so that the next such task has one datapoint.
                leased.pool.cancel()
                self._start = self._here
                yield from self._read(leased, ChunkSize(1))

    def _read(self, leased: Leased, chunk: ChunkSize) -> Iterator[Datapoint]:
        ledger = self._terms.ledger(self._draws.epoch)
        tasks = ask(self._draws, leased.numbers, chunk, self._start)
        engine = self._terms.engine(leased, tasks)
        try:
            for task, answer in engine.results():
                if isinstance(answer.failure, Unreadable):
                    if task.count > 1:
                        raise _TooManyAtOnceError
                    answer.failure = answer.failure.at(self.position + 1)
                result = ledger.take(task, answer)
                chunk.learn(len(result.outputs), result.seconds, result)
                rows = zip(result.positions, result.places, result.outputs)
                for self.position, place, dp in rows:
                    self._before, self._here = self._here, place
                    yield dp
                if result.failure is not None:
                    raise_failure(result.failure)
                if result.finished:
                    return
        finally:
            engine.stop_feeding()

    def place(self) -> Place:
        return self._here

    def give_back(self) -> None:
        self.position -= 1
        self._here = self._before
