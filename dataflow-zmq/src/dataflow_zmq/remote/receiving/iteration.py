"""One iteration over a remote flow, as its receiver knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dataflow_zmq.remote.receiving.inlet import StreamPlace
from dataflow_zmq.remote.wire.messages import Entry


class Cursor(Protocol):
    """Where the consumer is."""

    position: int


@dataclass(frozen=True)
class Iteration:
    """What an iteration asks every sender for.

    Attributes:
        number: counts the receiver's iterations; 0 before the first.
        lineage: see `Entry.lineage`.
        epoch: that is asked for.
        job: see `Entry.job`.
        places: where to go on, by stream; none: at the beginning.
        began: when.
    """

    number: int
    lineage: bytes
    epoch: int = 0
    job: int = 0
    places: Mapping[bytes, StreamPlace] = field(default_factory=dict)
    began: float = 0.0

    def entry(self, place: StreamPlace | None = None, held: tuple[int, int] | None = None) -> Entry:
        """Return what tells a sender to begin, or to go on at `place`.

        Args:
            place: of the sender's stream.
            held: numbers of what the consumer has at hand, from the first to behind the last.
        """
        if place is None:
            return Entry(self.lineage, self.number, self.job)
        return place.entry(self.lineage, self.number, self.job, held or ())

    def place_for(self, stream: bytes, senders: int) -> StreamPlace | None:
        """Return where a sender of `stream` is to go on, which is one of `senders` at least."""
        if len(self.places) == 1 and senders == 1:
            # A sender that is fresh can become the one that is gone.
            return next(iter(self.places.values()))
        return self.places.get(stream)
