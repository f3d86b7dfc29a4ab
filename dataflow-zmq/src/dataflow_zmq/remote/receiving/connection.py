"""A receiver's end: what the consumer asks for, and the thread that gets it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from dataflow_zmq.remote.access.keys import Keys
from dataflow_zmq.remote.receiving.inlet import Delivery, StreamPlace
from dataflow_zmq.remote.receiving.iteration import Cursor
from dataflow_zmq.remote.receiving.protocol import Receiving
from dataflow_zmq.remote.wire.headers import unpack
from dataflow_zmq.remote.wire.loop import Incoming, Loop, Sockets
from dataflow_zmq.remote.wire.messages import BEAT_S, ID_BYTES
from dataflow_zmq.remote.wire.outbox import Outgoing
from dataflow_zmq.remote.wire.parcel import LIMITS

log = logging.getLogger("dataflow_zmq")

#: Whoever waits longer says what for.
PATIENCE_S = 10.0

#: How long a receiver that leaves waits for its senders to take note.
FAREWELL_S = 1.0


@dataclass(frozen=True)
class Terms:
    """How a receiver is reached, and what it asks for.

    Attributes:
        addresses: of this side if it binds, else of the senders.
        bind: whether it binds.
        keys: of this side.
        hwm: parcels under way.
        senders: how many there are at least.
        timeout_s: how long one may be silent; None is for ever.
    """

    addresses: Sequence[str]
    bind: bool
    keys: Keys | None
    hwm: int
    senders: int
    timeout_s: float | None


class Connection:
    """Open sockets, a thread that serves them, and what the consumer sees of it.

    Args:
        terms: how and what.

    Raises:
        RemoteRefusedError: an address cannot be bound.
    """

    def __init__(self, terms: Terms) -> None:
        sockets = Sockets(
            terms.addresses,
            bind=terms.bind,
            keys=terms.keys,
            max_bytes=LIMITS.max_bytes,
            patience_s=terms.timeout_s,
        )
        self._changed = threading.Condition()
        self._machine = Receiving(
            os.urandom(ID_BYTES),
            hwm=terms.hwm,
            senders=terms.senders,
            timeout_s=terms.timeout_s,
            calls=sockets.routes,
        )
        self._doing = sockets.doing
        self._lineage = self._machine.receiver
        self._failure: BaseException | None = None
        self._closed = False
        self._odd = 0
        self._waits_since: float | None = None
        self._complained = False
        self._loop = Loop("dataflow-zmq-receiver", sockets, self._turn, self._fail)

    @property
    def ours(self) -> bool:
        """Whether this process opened it, and it is open."""
        return self._loop.ours and not self._closed

    def lineage(self, resumed: bytes) -> bytes:
        """Return what the receiver is known by.

        Args:
            resumed: what it was known by where it goes on from, and is from now on; b"" if it does
                not.
        """
        self._lineage = resumed or self._lineage
        return self._lineage

    def begin(
        self,
        cursor: Cursor,
        epoch: int,
        lineage: bytes,
        places: Sequence[StreamPlace],
        *,
        job: int,
    ) -> None:
        """Ask for the datapoints of `epoch` that `places` leave."""
        with self._changed:
            self._machine.begin(cursor, epoch, lineage, places, monotonic(), job=job)
        self._loop.wake()

    def take(self) -> tuple[Delivery, list[StreamPlace]] | None:
        """Wait for the next parcel; None is the end of the epoch.

        Returns:
            The parcel, and where the consumer was before it.

        Raises:
            RemoteError: if there is a hole.
        """
        with self._changed:
            delivery = self._machine.take()
            if delivery is None or self._machine.eager():
                self._loop.wake()
            if delivery is None:
                delivery = self._wait()
            return None if delivery is None else (delivery, self._machine.places())

    def _wait(self) -> Delivery | None:
        self._waits_since, self._complained = monotonic(), False
        try:
            while True:
                if self._failure is not None:
                    raise self._failure
                delivery = self._machine.take()
                if delivery is not None or self._machine.over or self._closed:
                    return delivery
                self._changed.wait()
        finally:
            self._waits_since = None

    def places(self) -> list[StreamPlace]:
        """Return where the consumer is."""
        with self._changed:
            return self._machine.places()

    def stop(self) -> None:
        """End the round; what waits in it goes back to its sender."""
        if not self.ours:
            return
        with self._changed:
            if self._machine.reading:
                self._machine.stop()
        self._loop.wake()

    def lengths(self, patience_s: float) -> list[int] | None:
        """Wait for the lengths of the senders' flows; None if there were not enough senders."""
        until = monotonic() + patience_s
        with self._changed:
            while True:
                lengths = self._machine.lengths()
                left = until - monotonic()
                if lengths is not None or left <= 0 or self._failure is not None:
                    return lengths
                self._changed.wait(left)

    def close(self) -> None:
        """Tell the senders what was consumed, and let go of everything."""
        if not self.ours:
            return
        until = monotonic() + FAREWELL_S
        with self._changed:
            self._machine.farewell()
            self._loop.wake()
            while not self._machine.left and self._failure is None and monotonic() < until:
                self._changed.wait(until - monotonic())
            self._closed = True
            self._changed.notify_all()
        self._loop.close()

    def abandon(self) -> None:
        """Close, from wherever garbage is collected: in the loop's own thread nobody can wait."""
        if not self._loop.here:
            self.close()
        elif self.ours:
            with self._changed:
                self._machine.farewell()
            self._closed = True
            self._loop.close()

    # What the loop's thread calls.

    def _turn(self, incoming: Sequence[Incoming], now: float) -> tuple[Sequence[Outgoing], float]:
        with self._changed:
            machine = self._machine
            for route, (header, *frames) in incoming:
                message = unpack(bytes(header.buffer))
                if message is None or not machine.receive(
                    route, message, [frame.buffer for frame in frames], now
                ):
                    self._note_odd()
            machine.tick(now)
            self._complain(now)
            self._changed.notify_all()
            return machine.outgoing(), now + BEAT_S / 2

    def _note_odd(self) -> None:
        self._odd += 1
        if self._odd == 1:
            log.warning(
                "a receiver got a message that is not of this protocol, or not for it; such"
                " messages change nothing, and are not spoken of again"
            )

    def _complain(self, now: float) -> None:
        since = self._waits_since
        if since is not None and not self._complained and now - since > PATIENCE_S:
            self._complained = True
            log.warning(
                "still waiting, after %d s, for %s; this side is %s",
                now - since,
                self._machine.waiting_for(),
                self._doing,
            )

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()
