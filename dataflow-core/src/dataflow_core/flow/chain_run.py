"""How the steps of a chain run, in order and in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dataflow_core.flow.datapoint import DROP, Datapoint, shallow_copy
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.rng import DrawContext, hold, let_go

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow

Call: TypeAlias = "Callable[[Datapoint], Datapoint]"


@dataclass(frozen=True, eq=False)
class Step:
    """What one stage of a chain does to a datapoint.

    Attributes:
        stage: the flow whose work it is.
        call: datapoint → datapoint, or DROP.
        draws: whether the stage has a random stream.
        may_drop: whether `call` ever returns DROP.
        mapped: a function that does the same to a shallow copy, None meaning DROP, if there is
            one; saves a call per datapoint where the step is alone.
        call_before: takes the stage that comes next, and returns a better `call` for it, if any.
    """

    stage: DataFlow
    call: Call
    draws: bool = True
    may_drop: bool = True
    mapped: Callable[[Datapoint], Datapoint | None] | None = None
    call_before: Callable[[DataFlow], Call | None] | None = None

    def call_to(self, following: Step | None) -> Call:
        """Return what this step does if `following` is the next."""
        if following is None or self.call_before is None:
            return self.call
        return self.call_before(following.stage) or self.call


def calls_in_turn(steps: Sequence[Step]) -> list[Call]:
    """Return what steps do that run one right after the other."""
    return [*map(Step.call_to, steps, (*steps[1:], None))]


class ChainRun(Run):
    """Runs the steps in order for each datapoint of the base."""

    __slots__ = ("_base", "_context", "_steps")

    def __init__(
        self, base: Run, steps: Sequence[Step], scope: Scope, streams: Sequence[int]
    ) -> None:
        self._base = base
        self._steps = steps
        self._context = DrawContext(scope.seed, scope.epoch, streams, base)

    @property
    def position(self) -> int:  # type: ignore[override]
        """The base's: a datapoint carries its position through the chain."""
        return self._base.position

    def __iter__(self) -> Iterator[Datapoint]:
        # The loops differ in speed alone: most chains have one step, and most of these a function.
        if len(self._steps) == 1:
            step = self._steps[0]
            return self._single(step.call) if step.mapped is None else self._mapped(step.mapped)
        return self._several([*enumerate(calls_in_turn(self._steps))])

    def _single(self, call: Call) -> Iterator[Datapoint]:
        hold(self._context)
        try:
            for dp in self._base:
                try:
                    out = call(dp)
                except BaseException as error:
                    self._failed(error)
                    raise
                if out is not DROP:
                    yield out
        finally:
            let_go()

    def _mapped(self, func: Callable[[Datapoint], Datapoint | None]) -> Iterator[Datapoint]:
        hold(self._context)
        try:
            for dp in self._base:
                try:
                    out = func(dp.copy() if type(dp) is list else shallow_copy(dp))
                except BaseException as error:
                    self._failed(error)
                    raise
                if out is not None:
                    yield out
        finally:
            let_go()

    def _several(self, calls: Sequence[tuple[int, Call]]) -> Iterator[Datapoint]:
        context = self._context
        hold(context)
        try:
            for dp in self._base:
                try:
                    for context.step, call in calls:
                        dp = call(dp)  # noqa: PLW2901
                        if dp is DROP:
                            break
                except BaseException as error:
                    self._failed(error)
                    raise
                if dp is not DROP:
                    yield dp
        finally:
            let_go()

    def _failed(self, error: BaseException) -> None:
        """Note where an error came from, be it an interrupt, and that nothing was delivered."""
        stage = self._steps[self._context.step].stage
        note_place(error, stage._label(), self._base.position)
        self._base.give_back()

    def place(self) -> Place:
        return self._base.place()

    def give_back(self) -> None:
        self._base.give_back()

    def skip(self, count: int) -> int:
        if any(step.may_drop for step in self._steps):
            return 0
        return self._base.skip(count)

    def close(self) -> None:
        self._base.close()


class WalkRun(Run):
    """The datapoints of an indexed source in order: those that `items` yields, then by index."""

    __slots__ = ("_items", "_read", "_size")

    def __init__(
        self,
        items: Iterator[Datapoint],
        start: int,
        size: int,
        read: Callable[[int], Datapoint],
    ) -> None:
        super().__init__(start)
        self._items = items
        self._size = size
        self._read = read

    def __iter__(self) -> Iterator[Datapoint]:
        for self.position, dp in enumerate(self._items, self.position + 1):
            yield dp
        for position in range(self.position + 1, self._size):
            dp = self._read(position)
            self.position = position
            yield dp
