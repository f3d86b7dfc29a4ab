"""One epoch of a remote flow, at its receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from dataflow_core import StateError
from dataflow_core.flow import Datapoint, Place, Run, Scope
from dataflow_zmq.remote.receiving.connection import Connection
from dataflow_zmq.remote.receiving.inlet import Delivery, StreamPlace
from dataflow_zmq.remote.wire.columns import unpack
from dataflow_zmq.remote.wire.messages import ID_BYTES


class RemoteRun(Run):
    """The datapoints of one epoch, parcel by parcel.

    Args:
        connect: returns the connection.
        scope: of the epoch.
        place: where to go on.
    """

    __slots__ = ("_base", "_connect", "_connection", "_dumped", "_here", "_lineage", "_scope")

    def __init__(
        self, connect: Callable[[], Connection], scope: Scope, place: Place | None
    ) -> None:
        begin = _Begin.load(place)
        super().__init__(begin.position)
        self._connect = connect
        self._connection: Connection | None = None
        self._scope = scope
        self._lineage = begin.lineage
        self._here = _Here(begin.places)
        self._base = self.position + 1
        self._dumped: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[Datapoint]:
        connection = self._connection = self._connect()
        self._lineage = connection.lineage(self._lineage)
        connection.begin(
            self, self._scope.epoch, self._lineage, self._here.places, job=_job(self._scope)
        )
        while (taken := connection.take()) is not None:
            delivery, places = taken
            datapoints = unpack(delivery.frames, delivery.skip + delivery.end - delivery.first)
            del datapoints[: delivery.skip]
            self._base = delivery.base
            self._here, self._dumped = _Here.within(places, delivery), None
            # Their memory is to be free when the consumer has let go of it.
            del delivery, taken
            for self.position, dp in enumerate(datapoints, self._base):
                yield dp
        self._base = self.position + 1
        self._here, self._dumped = _Here(connection.places()), None

    def place(self) -> Place:
        if self._dumped is None:
            self._dumped = self._here.dump(self._lineage)
        if not self._dumped:
            return self.position + 1
        taken = self.position + 1 - self._base
        # What is the same for all datapoints of a parcel is shared.
        return {"position": self.position + 1, "taken": taken, **self._dumped}

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.stop()


def _job(scope: Scope) -> int:
    """Return what tells pipelines of one seed from others, without telling the seed."""
    seed = f"{scope.seed}.{scope.first}".encode()
    return int.from_bytes(blake2b(seed, digest_size=8).digest(), "little") >> 2


@dataclass(frozen=True)
class _Here:
    """Where the consumer is.

    Attributes:
        places: in each stream, but for the parcel at hand.
        at: number of the parcel's stream among these; -1: none is at hand.
        first: number of the parcel's first datapoint.
    """

    places: Sequence[StreamPlace]
    at: int = -1
    first: int = 0

    @staticmethod
    def within(places: Sequence[StreamPlace], delivery: Delivery) -> _Here:
        stream = delivery.inlet.stream
        at = next(number for number, place in enumerate(places) if place.stream == stream)
        here = [*places]
        here[at] = replace(here[at], state=delivery.state, state_seq=delivery.state_seq)
        return _Here(here, at, delivery.first)

    def dump(self, lineage: bytes) -> dict[str, Any]:
        """Return it as JSON; {} if nothing has come yet."""
        if not self.places:
            return {}
        streams = [place.dump() for place in self.places]
        return {
            "lineage": lineage.hex(),
            "streams": streams,
            "at": None if self.at < 0 else self.at,
            "first": self.first,
        }


@dataclass(frozen=True)
class _Begin:
    """Where an iteration goes on.

    Attributes:
        position: of its first datapoint.
        lineage: of the receiver that was here before; b"" if there was none.
        places: where it was.
    """

    position: int = 0
    lineage: bytes = b""
    places: tuple[StreamPlace, ...] = ()

    @staticmethod
    def load(place: Place | None) -> _Begin:
        if place is None or place == 0:
            return _Begin()
        if not isinstance(place, Mapping):
            raise StateError(f"the state's place of a remote flow is damaged: {place!r}")
        loose: Mapping[str, Any] = place
        try:
            position, taken, first = (int(loose[name]) for name in ("position", "taken", "first"))
            lineage = bytes.fromhex(loose["lineage"])
            places = [StreamPlace.load(value) for value in loose["streams"]]
            if loose["at"] is not None:
                places[loose["at"]] = places[loose["at"]].after(first, taken)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise StateError(f"the state's place of a remote flow is damaged: {error}") from error
        if min(position, taken, first) < 0 or len(lineage) != ID_BYTES:
            raise StateError(f"the state's place of a remote flow is damaged: {place!r}")
        return _Begin(position, lineage, tuple(places))
