"""The generator of the datapoint at hand, found from wherever user code asks for it.

Per datapoint a pipeline stores one reference in a thread-local; everything else, seating a
generator included, happens only when somebody asks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from dataflow_core.errors import NoRandomStreamError
from dataflow_core.rng.streams import Seat, checked_seed


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

    def generator(self) -> np.random.Generator:
        """Return the generator of the present step, at the start of the datapoint's draws."""
        seat = self._seats[self.step]
        if seat is None:
            seat = self._seats[self.step] = Seat(self._seed, self._streams[self.step])
        position = self.numbering.position
        if seat.position != position or seat.epoch != self.epoch:
            return seat.move(self.epoch, position)
        return seat.generator


class _AtHand(threading.local):
    context: DrawContext | None = None


#: What this thread works on. Loops over datapoints assign `at_hand.context` directly.
at_hand = _AtHand()


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
    context = at_hand.context
    if context is None:
        raise NoRandomStreamError(
            "rng() was called where no datapoint is at hand: it belongs into functions that a flow"
            " runs for each datapoint (map, filter, augmentors, __getitem__). In the get_data() of"
            " a source use self.rng of RNGDataFlow; to try a function by itself, call it under"
            " `with dataflow_core.seeded(0):`"
        )
    return context.generator()


class _Fixed:
    """A numbering that stays where it is."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position


@contextmanager
def seeded(seed: int, position: int = 0) -> Iterator[np.random.Generator]:
    """Give `rng()` a stream of its own for a while, to try a function outside a flow.

    Example:
        >>> from dataflow_core import rng, seeded
        >>> with seeded(3):
        ...     a = rng().random()
        >>> with seeded(3):
        ...     a == rng().random()
        True
    """
    with holding(DrawContext(checked_seed(seed), 0, (0,), _Fixed(position))) as context:
        yield context.generator()


@contextmanager
def holding(context: DrawContext) -> Iterator[DrawContext]:
    """Make `context` this thread's, and give back the one before it at the end."""
    before = at_hand.context
    at_hand.context = context
    try:
        yield context
    finally:
        at_hand.context = before
