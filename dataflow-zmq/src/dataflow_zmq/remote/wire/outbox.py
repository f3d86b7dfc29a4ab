"""Messages that wait to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from dataflow_zmq.remote.wire.headers import pack
from dataflow_zmq.remote.wire.messages import Message
from dataflow_zmq.remote.wire.parcel import Frame

#: The number of a socket, and for a ROUTER whom of its peers to send to.
Route: TypeAlias = tuple[int, bytes | None]

Outgoing: TypeAlias = tuple[Route, Sequence[Frame]]


class Outbox:
    """Messages to send, in order."""

    def __init__(self) -> None:
        self._waiting: list[Outgoing] = []

    def put(self, route: Route, message: Message, frames: Iterable[Frame] = ()) -> None:
        """Add a message, and the frames of the parcel that it heads."""
        self._waiting.append((route, [pack(message), *frames]))

    def empty(self) -> list[Outgoing]:
        """Return all that waits, which does so no more."""
        waiting, self._waiting = self._waiting, []
        return waiting
