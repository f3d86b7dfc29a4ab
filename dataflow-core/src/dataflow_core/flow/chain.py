"""Chains: stages that work on datapoints one by one, over the stage that numbers them.

A datapoint keeps its position through the chain, whether stages before dropped others or not, so
a chain can be run by anyone who holds a datapoint and its position: here in order, or in workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dataflow_core.flow.datapoint import DROP, Datapoint, shallow_copy
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.ranges import Ranges, checked_ranges, first_outside, holds, union
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place
from dataflow_core.rng import DrawContext, hold, let_go

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow


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
    """

    stage: DataFlow
    call: Callable[[Datapoint], Datapoint]
    draws: bool = True
    may_drop: bool = True
    mapped: Callable[[Datapoint], Datapoint | None] | None = None


@dataclass(frozen=True)
class Shard:
    """Keep positions ≡ index (mod count)."""

    index: int = 0
    count: int = 1

    def of(self, inner: Shard) -> Shard:
        """Return the shard of a shard: every count-th of what `inner` keeps."""
        return Shard(inner.index + inner.count * self.index, inner.count * self.count)

    def first_from(self, position: int) -> int:
        """Return the first position >= `position` that is kept."""
        return position + (self.index - position) % self.count

    def after(self, position: int) -> int:
        """Return the first position of the round after the one that holds `position`.

        All shards that have taken equally many datapoints name the same number.
        """
        return (position // self.count + 1) * self.count


ALL = Shard()


@dataclass(frozen=True, eq=False)
class Chain:
    """A numbering stage, the one-by-one steps over it, and which positions are kept.

    Attributes:
        base: opens the run that numbers the datapoints.
        source: the flow that `base` belongs to, for its random streams.
        steps: what happens to each datapoint, in order.
        shard: which positions are kept.
        indexed: whether `base` hands out indices of `source`, which the first step reads.
        cheap: whether what `base` hands out costs nothing to make, being in memory, say.
        walk: from a position on, does what `base` and the first step do, faster; see
            `IndexedDataFlow._walk`.
    """

    source: DataFlow
    base: Callable[[Scope, Place | None, Shard], Run]
    steps: tuple[Step, ...] = ()
    shard: Shard = ALL
    indexed: bool = False
    cheap: bool = False
    walk: Callable[[int], Iterator[Datapoint] | None] | None = None

    def then(self, step: Step) -> Chain:
        """Return the chain with one more step."""
        return replace(self, steps=(*self.steps, step))

    def sharded(self, shard: Shard) -> Chain:
        """Return the chain that keeps a shard of what this one keeps."""
        return replace(self, shard=shard.of(self.shard))

    @property
    def may_drop(self) -> bool:
        """Whether a datapoint that the base hands out might not reach the end."""
        return any(step.may_drop for step in self.steps)

    def streams(self, scope: Scope) -> tuple[int, ...]:
        """Return the number of each step's random stream (-1: has none)."""
        numbers: list[int] = []
        following = scope.first + self.source._stream_count()
        for step in self.steps:
            if step.stage is self.source:
                numbers.append(following - 1)
            elif step.draws:
                numbers.append(following)
                following += 1
            else:
                numbers.append(-1)
        return tuple(numbers)

    def open_base(self, scope: Scope, place: Place | None) -> Run:
        """Open the numbering stage, past what was delivered before `place`."""
        if isinstance(place, Mapping) and "at" in place and "done" in place:
            at = upstream_place(place, "at")
            return _WithoutRun(self.base(scope, at, self.shard), checked_ranges(place["done"]))
        return self.base(scope, place, self.shard)

    def open(self, scope: Scope, place: Place | None) -> Run:
        """Open the whole chain."""
        if self.walk is not None and self.shard == ALL and not isinstance(place, Mapping):
            start = position_of(place)
            items = self.walk(start)
            if items is not None:
                read = self.steps[0].call
                return self.over(WalkRun(items, start, len(self.source), read), scope, first_step=1)
        return self.over(self.open_base(scope, place), scope)

    def over(self, base: Run, scope: Scope, first_step: int = 0) -> Run:
        """Return the run of the steps over a run of what comes before `first_step`."""
        steps = self.steps[first_step:]
        if not steps:
            return base
        return ChainRun(base, steps, scope, self.streams(scope)[first_step:])


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
        return self._several([*enumerate(step.call for step in self._steps)])

    def _single(self, call: Callable[[Datapoint], Datapoint]) -> Iterator[Datapoint]:
        hold(self._context)
        try:
            for dp in self._base:
                try:
                    out = call(dp)
                except Exception as error:
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
                except Exception as error:
                    self._failed(error)
                    raise
                if out is not None:
                    yield out
        finally:
            let_go()

    def _several(
        self, calls: Sequence[tuple[int, Callable[[Datapoint], Datapoint]]]
    ) -> Iterator[Datapoint]:
        context = self._context
        hold(context)
        try:
            for dp in self._base:
                try:
                    for context.step, call in calls:
                        dp = call(dp)  # noqa: PLW2901
                        if dp is DROP:
                            break
                except Exception as error:
                    self._failed(error)
                    raise
                if dp is not DROP:
                    yield dp
        finally:
            let_go()

    def _failed(self, error: Exception) -> None:
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


class _WithoutRun(Run):
    """A run without the positions that were delivered already."""

    __slots__ = ("_base", "_done")

    def __init__(self, base: Run, done: Ranges) -> None:
        self._base = base
        self._done = done

    @property
    def position(self) -> int:  # type: ignore[override]
        return self._base.position

    def __iter__(self) -> Iterator[Datapoint]:
        base, done = self._base, self._done
        for dp in base:
            if not holds(done, base.position):
                yield dp

    def place(self) -> Place:
        return without(self._base.place(), self._done)

    def give_back(self) -> None:
        self._base.give_back()

    def close(self) -> None:
        self._base.close()


def without(at: Place, done: Ranges) -> Place:
    """Return the place that begins at `at` and leaves out the positions in `done`."""
    if isinstance(at, Mapping) and "at" in at and "done" in at:
        done = union(done, checked_ranges(at["done"]))
        at = upstream_place(at, "at") or 0
    begin = position_of(at)
    left = [[first, last] for first, last in done if last >= begin]
    if not left:
        return at
    return {"position": first_outside(left, begin), "at": at, "done": left}


class ShardedRun(Run):
    """The positions of one shard of a run that cannot skip by itself.

    The place while a datapoint of this shard is at hand is that after it; at any other time, after
    an exception say, it is that after the last one.
    """

    __slots__ = ("_at_hand", "_base", "_last", "_shard")

    def __init__(self, base: Run, shard: Shard) -> None:
        self._base = base
        self._shard = shard
        self._last = base.place()
        self._at_hand = False

    @property
    def position(self) -> int:  # type: ignore[override]
        return self._base.position

    def __iter__(self) -> Iterator[Datapoint]:
        base, shard = self._base, self._shard
        for dp in base:
            if base.position % shard.count == shard.index:
                self._at_hand = True
                yield dp
                self._last = self.place()
                self._at_hand = False

    def place(self) -> Place:
        if not self._at_hand:
            return self._last
        # The datapoints of the same round belong to other shards of an equally long walk.
        last = self._shard.after(self._base.position) - 1
        return without(self._base.place(), [[0, last]])

    def give_back(self) -> None:
        self._at_hand = False

    def close(self) -> None:
        self._base.close()
