"""The receiver's side of the protocol, without sockets, clocks and threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from dataflow_zmq.errors import RemoteError, RemoteLostError
from dataflow_zmq.remote.receiving.calls import NEVER, Calls, random_number
from dataflow_zmq.remote.receiving.inlet import Delivery, Inlet, StreamPlace
from dataflow_zmq.remote.receiving.iteration import Cursor, Iteration
from dataflow_zmq.remote.receiving.meeting import enter, meet
from dataflow_zmq.remote.receiving.pings import credit, ping
from dataflow_zmq.remote.receiving.verdicts import judge
from dataflow_zmq.remote.wire.messages import BEAT_S, Cargo, Hello, Message, Pong, Verdict
from dataflow_zmq.remote.wire.outbox import Outbox, Outgoing, Route


class Receiving:
    """What a receiver knows.

    Args:
        receiver: its id.
        hwm: how many parcels may be under way to it, or wait in it.
        senders: how many senders there are at least.
        timeout_s: how long a sender may be silent; None is for ever.
        calls: routes on which a sender may wait to be called.
        token: returns random numbers.
    """

    def __init__(
        self,
        receiver: bytes,
        *,
        hwm: int = 50,
        senders: int = 1,
        timeout_s: float | None = 30.0,
        calls: Sequence[Route] = (),
        token: Callable[[], int] = random_number,
    ) -> None:
        self.receiver = receiver
        self.hwm = hwm
        self.senders = senders
        self.timeout_s = timeout_s
        self.inlets: dict[bytes, Inlet] = {}
        self.ready: deque[Delivery] = deque()
        self.current: Delivery | None = None
        self.error: RemoteError | None = None
        self.reading = False
        self.iteration = Iteration(0, receiver)
        self.cursor: Cursor | None = None
        self.rounds = 0
        self._pings = 0
        self._outbox = Outbox()
        self.calls = Calls(self._outbox, calls, token)

    # What the consumer does.

    def begin(
        self,
        cursor: Cursor,
        epoch: int,
        lineage: bytes,
        places: Sequence[StreamPlace],
        now: float,
        *,
        job: int = 0,
    ) -> None:
        """Ask every sender for `epoch`, or for what is left of it behind `places`."""
        self.cursor = cursor
        self.iteration = Iteration(
            self.iteration.number + 1,
            lineage,
            epoch,
            job,
            {place.stream: place for place in places},
            now,
        )
        self.reading, self.error, self.current = True, None, None
        self.ready.clear()
        for inlet in [*self.inlets.values()]:
            if inlet.final:
                del self.inlets[inlet.incarnation]
                continue
            inlet.verdict = Verdict.NONE
            if not inlet.leaving:
                # Else the sender is to know first what was consumed.
                enter(self, inlet)

    def take(self) -> Delivery | None:
        """Return the next parcel, if it is there; the one before it is consumed.

        Raises:
            RemoteError: if there will be none.
        """
        self._consume()
        if self.error is not None:
            raise self.error
        if not self.ready:
            return None
        self.current = self.ready.popleft()
        if self.cursor is not None:
            self.current.base = self.cursor.position + 1
        return self.current

    def _consume(self) -> None:
        current, self.current = self.current, None
        if current is None:
            return
        inlet = current.inlet
        inlet.consume(current, current.end)
        inlet.done += 1
        inlet.upto = 0
        inlet.news += 1

    def stop(self) -> None:
        """Leave the round; what is at hand is consumed, what waits is not."""
        current, cursor = self.current, self.cursor
        if current is not None and cursor is not None:
            inlet = current.inlet
            inlet.upto = current.first + max(0, cursor.position + 1 - current.base)
            inlet.consume(current, inlet.upto)
        self.current, self.cursor = None, None
        self.ready.clear()
        self.reading = False
        for inlet in self.inlets.values():
            if inlet.reading:
                inlet.leaving, inlet.left_at = inlet.verdict is Verdict.NONE, 0
                inlet.reading = False
                inlet.early.clear()
                inlet.urgent = True

    def farewell(self) -> None:
        """Leave for good."""
        self.stop()
        for inlet in self.inlets.values():
            if not inlet.leaving:
                inlet.leaving, inlet.left_at, inlet.urgent = True, 0, True

    def places(self) -> list[StreamPlace]:
        """Return how far the consumer is, but for the parcel that it has at hand."""
        known = [inlet.place() for inlet in self.inlets.values() if _counts(inlet)]
        streams = {place.stream for place in known}
        return known + [
            each for each in self.iteration.places.values() if each.stream not in streams
        ]

    @property
    def over(self) -> bool:
        """Whether the epoch is."""
        ended = {inlet.stream for inlet in self.inlets.values() if inlet.ended}
        places = self.iteration.places
        ended |= {place.stream for place in places.values() if place.ended}
        if self.ready or not ended.issuperset(places):
            return False
        return len(ended) >= self.senders and all(
            inlet.stream in ended for inlet in self.inlets.values()
        )

    @property
    def left(self) -> bool:
        """Whether every sender knows what was consumed."""
        return not any(inlet.leaving and not inlet.acknowledged for inlet in self.inlets.values())

    def lengths(self) -> list[int] | None:
        """Return the lengths of the senders' flows, once enough of them are known."""
        if len(self.inlets) < self.senders:
            return None
        return [inlet.length for inlet in self.inlets.values()]

    def eager(self) -> bool:
        """Whether senders should be told now what was consumed."""
        most = max(1, credit(self) // 4)
        return any(inlet.news >= most or inlet.urgent for inlet in self.inlets.values())

    # What comes in.

    def receive(self, route: Route, message: Message, frames: Sequence[Any], now: float) -> bool:
        """Take a message; return whether it makes sense at all."""
        if isinstance(message, Hello):
            return meet(self, route, message, now)
        if not isinstance(message, (Pong, Cargo)):
            return False
        inlet = self.inlets.get(message.incarnation)
        if inlet is None or message.receiver != self.receiver:
            # It was on its way to who was here before, or from who was there before.
            return True
        if message.round != inlet.round:
            return True
        if isinstance(message, Pong):
            self._hear(inlet, route, message, now)
            return True
        return self._store(inlet, message, frames, now)

    def _hear(self, inlet: Inlet, route: Route, pong: Pong, now: float) -> None:
        if pong.number <= inlet.heard:
            return
        inlet.route, inlet.last = route, now
        inlet.heard = pong.number
        inlet.length = pong.length
        inlet.stream = pong.stream
        inlet.acknowledged |= 0 < inlet.over_at <= pong.ping
        if pong.course and inlet.verdict is Verdict.NONE:
            inlet.course, inlet.begins = pong.course, pong.begins
            inlet.taken.add(0, max(pong.begins, pong.low))
        verdict = Verdict(pong.verdict) if pong.verdict in set(Verdict) else Verdict.NONE
        if inlet.leaving:
            inlet.leaving = not 0 < inlet.left_at <= pong.ping
            if self.reading and not inlet.leaving:
                enter(self, inlet)
            return
        if verdict is Verdict.NONE or inlet.verdict is not Verdict.NONE or not inlet.reading:
            return
        judge(self, inlet, verdict, pong.texts)

    def _store(self, inlet: Inlet, cargo: Cargo, frames: Sequence[Any], now: float) -> bool:
        if not inlet.wants(cargo.number):
            return True
        if cargo.skip >= cargo.size or not 0 <= cargo.number - inlet.done <= self.hwm:
            return False
        if (cargo.frames, cargo.nbytes) != (len(frames), sum(map(len, frames))):
            return False
        inlet.last = now
        for delivery in inlet.in_order(cargo, frames):
            if inlet.taken.overlaps(delivery.first, delivery.end):
                self.lose(inlet, "it sent what was consumed before")
                return True
            self.ready.append(delivery)
        return True

    # What time brings.

    def tick(self, now: float) -> None:
        """Do what is due."""
        for inlet in [*self.inlets.values()]:
            if self.timeout_s is not None and now - inlet.last > self.timeout_s:
                if inlet.unfinished:
                    self.lose(inlet, f"nothing was heard of it for {self.timeout_s:g} s")
                inlet.leaving = False
                if not inlet.ended:
                    del self.inlets[inlet.incarnation]
                continue
            eager = inlet.urgent or inlet.news >= max(1, credit(self) // 4)
            starved = inlet.news and not self.ready
            if eager or starved or now - inlet.pinged >= BEAT_S:
                self._pings += 1
                inlet.pinged = now
                self._outbox.put(inlet.route, ping(self, inlet, self._pings))
        heard: dict[Route, float] = {}
        for inlet in self.inlets.values():
            heard[inlet.route] = max(inlet.last, heard.get(inlet.route, NEVER))
        self.calls.repeat(heard, now)
        if self.reading and self.timeout_s is not None:
            self._miss(now - self.timeout_s)

    def _miss(self, since: float) -> None:
        """Fail if senders that were there before have not come back `since` then."""
        places = self.iteration.places
        missing = places.keys() - {inlet.stream for inlet in self.inlets.values()}
        if (
            self.iteration.began < since
            and len(self.inlets) >= self.senders
            and any(not places[stream].ended for stream in missing)
        ):
            self.fail(
                RemoteLostError(
                    f"{len(missing)} of the {len(places)} streams that the state speaks of"
                    " did not come back, but other senders are there. Start the senders with"
                    " state_file=, so that they keep their streams"
                )
            )

    def outgoing(self) -> list[Outgoing]:
        """Return the messages to send, and forget them."""
        return self._outbox.empty()

    def waiting_for(self) -> str:
        """Say what the consumer waits for."""
        if len(self.inlets) < self.senders:
            return f"{self.senders - len(self.inlets)} of {self.senders} senders to come"
        idle = sum(not inlet.course and not inlet.ended for inlet in self.inlets.values())
        if idle:
            return f"{idle} of {len(self.inlets)} senders to begin epoch {self.iteration.epoch}"
        return f"datapoints from {len(self.inlets)} senders"

    def lose(self, inlet: Inlet, why: str) -> None:
        """Fail, because the stream cannot be gone on with."""
        self.fail(
            RemoteLostError(
                f"the stream {inlet.stream.hex()} of a sender cannot be gone on with, after"
                f" {inlet.count} datapoints of epoch {self.iteration.epoch}: {why}. A sender that"
                " is started with state_file= takes up its stream where it was; this flow's"
                " state_dict() can be loaded when all senders are started anew"
            )
        )

    def fail(self, error: RemoteError) -> None:
        """Have the consumer meet an error, if it is the first."""
        if self.error is None and self.reading:
            self.error = error


def _counts(inlet: Inlet) -> bool:
    """Whether the iteration under way has to do with it."""
    return not inlet.leaving and (inlet.course > 0 or inlet.ended)
