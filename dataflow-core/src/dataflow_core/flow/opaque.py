"""The run of a flow whose author wrote the generator: anything may happen in there.

Such a flow numbers its own output. To go on at a position it is run from the beginning, with the
same random numbers, and what was delivered before is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from dataflow_core.errors import ReentrantIterationError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.run import PASS_STRIDE, Run, Scope
from dataflow_core.rng import InnerSeeds, hold, let_go

if TYPE_CHECKING:
    from types import GeneratorType

    from dataflow_core.flow.dataflow import DataFlow

Written = Callable[["DataFlow"], Iterator[Datapoint]]


class OpaqueRun(Run):
    """One epoch of a user's `get_data()` or `__iter__()`.

    Args:
        flow: whose.
        written: the function as the user wrote it.
        scope: of the epoch.
        start: how many datapoints to pass over.
    """

    __slots__ = ("_flow", "_generator", "_start", "_written", "scope")

    def __init__(self, flow: DataFlow, written: Written, scope: Scope, start: int) -> None:
        super().__init__(start)
        self._flow = flow
        self._written = written
        self._start = start
        self._generator: GeneratorType[Datapoint, None, None] | None = None
        self.scope = scope

    @property
    def executing(self) -> bool:
        """Whether the user's function runs right now, rather than waits for the next request."""
        return self._generator is not None and self._generator.gi_running

    def __iter__(self) -> Iterator[Datapoint]:
        generator = self._run()
        self._generator = generator  # type: ignore[assignment]
        return generator

    def _run(self) -> Iterator[Datapoint]:
        flow = self._flow
        if flow._opaque_run is not None:
            raise ReentrantIterationError(
                f"{flow._label()} is read by two iterators at once; give each its own copy of it"
            )
        flow._opaque_run = self
        # What reads this run may have a datapoint at hand; the user's generator has none.
        hold(InnerSeeds(self.scope.own_key(flow)))
        try:
            flow._prepare(self.scope, epochs_apart=PASS_STRIDE, owner=self)
            items = self._datapoints()
            try:
                for self.position, dp in enumerate(islice(items, self._start, None), self._start):
                    yield dp
            finally:
                if isinstance(items, Generator):
                    items.close()
        except Exception as error:
            note_place(error, flow._label(), self.position + 1)
            raise
        finally:
            let_go()
            flow._opaque_run = None

    def _datapoints(self) -> Iterator[Datapoint]:
        items = self._written(self._flow)
        if not isinstance(items, Iterable):
            raise TypeError(
                f"{self._written.__name__}() of {self._flow._label()} returned {items!r}; it has to"
                " yield datapoints, or to return an iterator over them"
            )
        return items

    def close(self) -> None:
        # Whoever reads this run may have stopped half-way, and the flow holds on to the run.
        if self._generator is not None and not self.executing:
            self._generator.close()
