"""The generator of the datapoint at hand, found from wherever user code asks for it.

Loops over datapoints note their stack frame here, once. Whoever asks looks up the call stack for
the nearest of them. So nothing is done per datapoint; a flow that is iterated inside a function
of another one hides it for just that long; and an iterator may move between threads.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import count
from types import FrameType
from typing import Protocol, SupportsIndex

import numpy as np

from dataflow_core.errors import NoRandomStreamError
from dataflow_core.rng.streams import (
    FRESH_SEED_BITS,
    RandomKey,
    Seat,
    checked_seed,
    fresh_seed,
    inner_seed,
)


class HasPosition(Protocol):
    """Whatever numbers the datapoints that pass: a run of a whole-stream stage, or a task."""

    position: int


class DrawContext:
    """Where one thread stands in one run of a chain of one-by-one stages.

    `step` and the numbering's position are kept up to date by the loop that owns the context.
    """

    __slots__ = ("_seats", "_seed", "_streams", "epoch", "numbering", "step")

    def __init__(
        self, seed: int, epoch: int, streams: Sequence[int], numbering: HasPosition
    ) -> None:
        self.epoch = epoch
        self.numbering = numbering
        self.step = 0
        self._seed = seed
        self._streams = streams
        self._seats: list[Seat | None] = [None] * len(streams)

    @property
    def position(self) -> int:
        return self.numbering.position

    def restart(self, epoch: int) -> None:
        """Forget what was drawn: the positions that come next may have been here before."""
        self.epoch = epoch
        for seat in self._seats:
            if seat is not None:
                seat.position = -1

    def elsewhere(self, epoch: int, position: int) -> DrawContext:
        """Return a context for the present step's stream at another place."""
        return DrawContext(self._seed, epoch, (self._streams[self.step],), _Fixed(position))

    def generator(self) -> np.random.Generator:
        """Return the generator of the present step, at the start of the datapoint's draws."""
        seat = self._seats[self.step]
        if seat is None:
            seat = self._seats[self.step] = Seat(self._seed, self._streams[self.step])
        position = self.numbering.position
        if seat.position != position or seat.epoch != self.epoch:
            return seat.move(self.epoch, position)
        return seat.generator


class InnerSeeds:
    """Stands where a user's generator runs, which no datapoint is at hand for.

    Flows that it makes for itself get their seeds from here, so that they repeat with it.

    Args:
        key: of the random stream of the flow whose generator it is.
    """

    __slots__ = ("_key", "_numbers")

    def __init__(self, key: RandomKey) -> None:
        self._key = key
        self._numbers = count()

    def next(self) -> int:
        """Return the seed for the next flow."""
        return inner_seed(self._key, next(self._numbers))


#: The contexts of the loops under way, by the frame that runs the loop.
_contexts: dict[FrameType, DrawContext | InnerSeeds | None] = {}


def hold(context: DrawContext | InnerSeeds | None) -> None:
    """Make `context` the one of whatever the calling function calls, until it lets go.

    It hides those further down the stack; None only hides them.
    """
    _contexts[sys._getframe(1)] = context


def let_go() -> None:
    """Undo `hold`; belongs into the `finally` of the function that called it."""
    _contexts.pop(sys._getframe(1), None)


def at_hand() -> DrawContext | None:
    """Return the context of the datapoint that is being worked on, if any is."""
    return _datapoint_of(sys._getframe(1))


def _datapoint_of(frame: FrameType) -> DrawContext | None:
    nearest = _nearest(frame)
    return nearest if isinstance(nearest, DrawContext) else None


def _nearest(frame: FrameType | None) -> DrawContext | InnerSeeds | None:
    """Return what is noted for a frame, or for the nearest below it in the stack that has some."""
    while frame is not None:
        if frame in _contexts:
            return _contexts[frame]
        frame = frame.f_back
    return None


def rng() -> np.random.Generator:
    """Return the random generator of the datapoint at hand.

    Its draws depend on the seed, the stage, the epoch and the datapoint's position alone: not on
    the worker that runs the stage, nor on what was read before. Ask once per datapoint and stage
    as often as you like; the draws go on. Do not keep it for the next datapoint.

    Raises:
        NoRandomStreamError: outside a function that a flow runs for a datapoint.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.MapData(df.DataFromList([[0], [0]], shuffle=False),
        ...                   lambda dp: [int(df.rng().integers(1000))])
        >>> flow.reset_state(seed=7)
        >>> first = list(flow)
        >>> flow.reset_state(seed=7)
        >>> list(flow) == first
        True
    """
    context = at_hand()
    if context is None:
        raise NoRandomStreamError(
            "rng() was called where no datapoint is at hand: it belongs into functions that a flow"
            " runs for each datapoint (map, filter, augmentors, __getitem__). In the get_data() of"
            " a source use self.rng of RNGDataFlow; to try a function by itself, call it under"
            " `with dataflow_core.seeded(0):`"
        )
    return context.generator()


def rng_at_hand() -> np.random.Generator | None:
    """Return what `rng()` returns; None where no datapoint is at hand."""
    context = _datapoint_of(sys._getframe(1))
    return None if context is None else context.generator()


def drawn_seed() -> int:
    """Return a seed for a flow that was given none.

    Where a datapoint is at hand it is drawn from its stream, and in the generator of a flow it
    depends on that flow's, so that flows which a function makes for itself repeat with the pipeline
    that the function is in; elsewhere it is a fresh one.
    """
    nearest = _nearest(sys._getframe(1))
    if isinstance(nearest, InnerSeeds):
        return nearest.next()
    if nearest is None:
        return fresh_seed()
    return int(nearest.generator().integers(2**FRESH_SEED_BITS))


class _Fixed:
    """A numbering that stays where it is."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position


class seeded:  # noqa: N801  used like a function
    """Give `rng()` a stream of its own for a while, to try a function outside a flow.

    Args:
        seed: of the stream.
        position: of the datapoint that the function would be given.

    Example:
        >>> from dataflow_core import rng, seeded
        >>> with seeded(3):
        ...     a = rng().random()
        >>> with seeded(3):
        ...     a == rng().random()
        True
    """

    def __init__(self, seed: SupportsIndex, position: int = 0) -> None:
        self._context = DrawContext(checked_seed(seed), 0, (0,), _Fixed(position))
        self._frame: FrameType | None = None
        self._before: DrawContext | InnerSeeds | None = None

    def __enter__(self) -> np.random.Generator:
        """Return the generator that `rng()` now returns."""
        self._frame = sys._getframe(1)
        self._before = _contexts.get(self._frame)
        _contexts[self._frame] = self._context
        return self._context.generator()

    def __exit__(self, *exc_info: object) -> None:
        """Give back the stream before, if there was one."""
        frame, self._frame = self._frame, None
        if frame is None:
            return
        if self._before is None:
            _contexts.pop(frame, None)
        else:
            _contexts[frame] = self._before
