"""A run: one epoch of one stage, from a place to the end.

What a pipeline *is* (`DataFlow`) lives apart from how it *runs*. Opening a flow gives a `Run`,
whose generator hands out datapoints and keeps `position` up to date, and which can say at any
time where the datapoint after the one at hand begins. That place is plain JSON: a number where
the position is enough, else a dict with the places of the upstreams.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import numpy as np

from dataflow_core.errors import StateError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.rng import RandomKey, epoch_generator

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow

#: Where a run goes on: JSON, made by `Run.place` and understood by the same stage's `_open`.
Place: TypeAlias = int | Mapping[str, "PlaceValue"]
PlaceValue: TypeAlias = int | Place | Sequence["PlaceValue"] | None

#: Epochs of an upstream that is run several times within one epoch are this far apart.
PASS_STRIDE = 1 << 32


@dataclass(frozen=True)
class Scope:
    """What a run's random numbers hang on.

    Attributes:
        seed: of the whole pipeline.
        epoch: of this stage; stages that run their upstream several times map it.
        first: the number of the first random stream that this stage's subtree may use.
        any_order: whether what comes may come in another order the next time, as it does where the
            quickest worker is first: only if all who read it keep its places, rather than count.
    """

    seed: int
    epoch: int
    first: int = 0
    any_order: bool = field(default=False, compare=False)

    def at_epoch(self, epoch: int) -> Scope:
        """Return the same scope in another epoch."""
        return replace(self, epoch=epoch)

    def in_order(self) -> Scope:
        """Return the same scope for who reads the stream again to find where to go on."""
        return replace(self, any_order=False)

    def behind(self, upstreams: Sequence[DataFlow]) -> Scope:
        """Return the scope of what is numbered after all of `upstreams`."""
        return replace(self, first=self.first + sum(up._stream_count() for up in upstreams))

    def own_key(self, flow: DataFlow) -> RandomKey:
        """Return the key of the flow's own stream, numbered after its upstreams'."""
        return RandomKey(self.seed, self.behind(flow._upstreams()).first, self.epoch)

    def generator(self, flow: DataFlow) -> np.random.Generator:
        """Return a new generator for what `flow` draws once in this epoch."""
        return epoch_generator(self.own_key(flow))


class Run(ABC):
    """One epoch of one stage.

    Iterate it once. `position` belongs to the datapoint handed out last; -1 before the first.
    """

    __slots__ = ("position",)
    position: int

    def __init__(self, start: int = 0) -> None:
        self.position = start - 1

    @abstractmethod
    def __iter__(self) -> Iterator[Datapoint]:
        """Hand out the rest of the epoch, setting `position` before each datapoint."""

    def place(self) -> Place:
        """Return where the datapoint after the one at hand begins."""
        return self.position + 1

    def place_after(self, position: int) -> Place | None:
        """Return where the datapoint after `position` begins, if the number alone tells it.

        Whoever runs ahead of its consumer asks this; None means: note `place()` at every datapoint.
        """
        return position + 1 if type(self).place is Run.place else None

    def last_positions(self, count: int) -> Sequence[int] | None:
        """Return the positions of the last `count` datapoints, if that costs less than asking each.

        None also where an exception might come between them: then they are to be asked one by one.
        """
        del count
        return None

    def idle(self) -> bool | None:
        """Return whether the next datapoint would have to be waited for; None: nobody knows."""
        return None

    def give_back(self) -> None:
        """Take note that the datapoint at hand was not delivered; the run ends here."""
        self.position -= 1

    def skip(self, count: int) -> int:
        """Pass over up to `count` datapoints at no cost, before the iteration begins.

        Returns:
            How many were passed over; the caller reads through the others.
        """
        del count
        return 0

    def close(self) -> None:  # noqa: B027 (most runs hold nothing else)
        """Let go of what the run holds besides memory."""


def close_all(runs: Iterable[Run]) -> None:
    """Close every run, also when closing one of them raises."""
    with ExitStack() as closing:
        for run in runs:
            closing.callback(run.close)


def is_position(value: object) -> TypeGuard[int]:
    """Whether `value` can count datapoints: an integer of 0 ... 2**63 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def position_of(place: Place | None) -> int:
    """Return the position of the datapoint that begins at `place`."""
    if place is None:
        return 0
    if isinstance(place, int):
        return place
    return number(place, "position")


def number(place: Place | None, name: str) -> int:
    """Return the non-negative number that a place holds under `name`.

    Raises:
        StateError: if it holds none.
    """
    value = place.get(name) if isinstance(place, Mapping) else None
    if is_position(value):
        return value
    raise StateError(f"the state's place lacks a number {name!r}: {place!r}")


def upstream_place(place: Place | None, name: str = "ds") -> Place | None:
    """Return the place of the upstream that a place holds under `name`; None is the beginning."""
    if place is None or place == 0:
        return None
    if not isinstance(place, Mapping):
        raise StateError(f"the state's place lacks that of the upstream: {place!r}")
    return _checked(place.get(name), place)


def upstream_places(place: Place | None, count: int, name: str = "ds") -> list[Place | None]:
    """Return the places of `count` upstreams that a place holds under `name`."""
    if place is None or place == 0:
        return [None] * count
    values = place.get(name) if isinstance(place, Mapping) else None
    if not isinstance(values, Sequence) or len(values) != count:
        raise StateError(f"the state's place lacks the places of {count} upstreams: {place!r}")
    return [_checked(value, place) for value in values]


def _checked(value: PlaceValue, place: Place) -> Place | None:
    if value is None or isinstance(value, Mapping):
        return value
    if is_position(value):
        return value
    raise StateError(f"the state's place is damaged: {place!r}")
