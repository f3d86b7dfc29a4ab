"""The receiver's side of the protocol, without sockets, clocks and threads."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from dataflow_zmq.errors import (
    RemoteError,
    RemoteLostError,
    RemotePipelineError,
    RemoteRefusedError,
)
from dataflow_zmq.remote.inlet import Delivery, Inlet, StreamPlace
from dataflow_zmq.remote.link import Route
from dataflow_zmq.remote.messages import (
    Call,
    Cargo,
    Entry,
    Hello,
    Message,
    Mood,
    Ping,
    Pong,
    Verdict,
    pack,
)
from dataflow_zmq.remote.sending import BEAT_S, MAX_LINKS, Outgoing

#: A sender that was not heard of for this long is called.
SILENCE_S = 2 * BEAT_S

#: How many calls may be unanswered before the oldest is forgotten.
MAX_CALLS = 256


def _random() -> int:
    return secrets.randbits(62)


class Cursor(Protocol):
    """Where the consumer is."""

    position: int


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
        token: Callable[[], int] = _random,
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
        self.lineage = receiver
        self.epoch = 0
        self._places: dict[bytes, StreamPlace] = {}
        self._began = 0.0
        self._cursor: Cursor | None = None
        self._rounds = 0
        self._iteration = 0
        self._job = 0
        self._pings = 0
        self._token = token
        self._nonces: dict[int, Route] = {}
        self._calls = dict.fromkeys(calls, -1e9)
        self._outgoing: list[Outgoing] = []

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
        self._cursor, self.epoch, self.lineage = cursor, epoch, lineage
        self._places = {place.stream: place for place in places}
        self._began = now
        self._iteration += 1
        self._job = job
        self.reading, self.error, self.current = True, None, None
        self.ready.clear()
        for inlet in [*self.inlets.values()]:
            if inlet.final:
                del self.inlets[inlet.incarnation]
                continue
            inlet.verdict = Verdict.NONE
            if not inlet.leaving:
                # Else the sender is to know first what was consumed.
                self._enter(inlet)

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
        if self._cursor is not None:
            self.current.base = self._cursor.position + 1
        return self.current

    def _consume(self) -> None:
        current, self.current = self.current, None
        if current is None:
            return
        inlet = current.inlet
        inlet.taken.add(current.first, current.end)
        inlet.count += current.end - current.first
        inlet.state, inlet.state_seq = current.state, current.state_seq
        inlet.done += 1
        inlet.upto = 0
        inlet.news += 1

    def stop(self) -> None:
        """Leave the round; what is at hand is consumed, what waits is not."""
        current, cursor = self.current, self._cursor
        if current is not None and cursor is not None:
            inlet, taken = current.inlet, max(0, cursor.position + 1 - current.base)
            inlet.upto = current.first + taken
            inlet.taken.add(current.first, current.first + taken)
            inlet.count += taken
            inlet.state, inlet.state_seq = current.state, current.state_seq
        self.current, self._cursor = None, None
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
        return known + [each for each in self._places.values() if each.stream not in streams]

    @property
    def over(self) -> bool:
        """Whether the epoch is."""
        ended = {inlet.stream for inlet in self.inlets.values() if inlet.ended}
        ended |= {place.stream for place in self._places.values() if place.ended}
        if self.ready or not ended.issuperset(self._places):
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
        most = max(1, self._credit() // 4)
        return any(inlet.news >= most or inlet.urgent for inlet in self.inlets.values())

    # What comes in.

    def receive(self, route: Route, message: Message, frames: Sequence[Any], now: float) -> bool:
        """Take a message; return whether it makes sense at all."""
        if isinstance(message, Hello):
            return self._meet(route, message, now)
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

    def _meet(self, route: Route, hello: Hello, now: float) -> bool:
        inlet = self.inlets.get(hello.incarnation)
        if self._nonces.pop(hello.nonce, None) != route:
            # It may be a recording, so it is to say that again.
            if inlet is None or now - inlet.last > SILENCE_S:
                self._call(route)
            return True
        if inlet is not None:
            inlet.route, inlet.last, inlet.length = route, now, hello.length
            inlet.urgent = True
            return True
        if len(self.inlets) >= MAX_LINKS:
            return False
        inlet = Inlet(hello.incarnation, hello.stream, route, now, hello.length)
        for other in [*self.inlets.values()]:
            if other.stream == hello.stream:
                self._migrate(other, inlet)
                return True
            if route in self._calls and other.route == route:
                # Only one sender can be at an address.
                if other.unfinished:
                    self._lose(other, "another sender answers in its place")
                del self.inlets[other.incarnation]
        self.inlets[inlet.incarnation] = inlet
        if self.reading:
            self._enter(inlet)
        else:
            inlet.entry = Entry(self.lineage, self._iteration, self._job)
        return True

    def _enter(self, inlet: Inlet) -> None:
        self._rounds += 1
        place = self._places.get(inlet.stream)
        if place is None and len(self._places) == 1 and self.senders == 1:
            # A sender that is fresh can become the one that is gone.
            place = next(iter(self._places.values()))
        if place is not None and place.ended:
            inlet.enter(self._rounds, Entry(self.lineage, self._iteration, self._job))
            inlet.reading, inlet.verdict = False, Verdict.END
            return
        inlet.enter(
            self._rounds,
            Entry(self.lineage, self._iteration, self._job)
            if place is None
            else place.entry(self.lineage, self._iteration, self._job),
        )

    def _migrate(self, old: Inlet, new: Inlet) -> None:
        """Go on with the same stream, whose sender was started anew."""
        del self.inlets[old.incarnation]
        self.inlets[new.incarnation] = new
        if old.leaving:
            self._leave_anew(old, new)
            return
        if not self.reading:
            new.entry = Entry(self.lineage, self._iteration, self._job)
            return
        if not old.unfinished:
            if old.ended:
                new.entry, new.verdict, new.final = (
                    Entry(self.lineage, self._iteration, self._job),
                    old.verdict,
                    old.final,
                )
            else:
                self._enter(new)
            return
        current = self.current if self.current and self.current.inlet is old else None
        self.ready = deque(each for each in self.ready if each.inlet is not old)
        held = None if current is None else (current.first, current.end)
        self._rounds += 1
        new.enter(
            self._rounds,
            old.place().entry(self.lineage, self._iteration, self._job, held or ()),
            held,
        )
        new.course, new.begins = old.course, old.begins
        if current is not None:
            current.inlet = new

    def _leave_anew(self, old: Inlet, new: Inlet) -> None:
        """Tell the sender's new incarnation what was consumed before it came."""
        self._rounds += 1
        new.enter(self._rounds, old.place().entry(self.lineage, self._iteration, self._job))
        new.reading, new.leaving, new.left_at = False, True, 0

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
                self._enter(inlet)
            return
        if verdict is Verdict.NONE or inlet.verdict is not Verdict.NONE or not inlet.reading:
            return
        self._judge(inlet, verdict, pong.texts)

    def _judge(self, inlet: Inlet, verdict: Verdict, texts: Sequence[str]) -> None:
        message, error_type, traceback = (*texts, "", "", "")[:3]
        if verdict is Verdict.LAPSED:
            self._lapse(inlet, message, error_type)
            return
        inlet.verdict, inlet.reading, inlet.urgent = verdict, False, True
        inlet.final = verdict is Verdict.LAST
        if verdict is Verdict.FAILED:
            self._fail(
                RemotePipelineError(
                    f"the sender's pipeline raised {error_type}: {message}\n\n{traceback}",
                    error_type=error_type,
                    remote_traceback=traceback,
                )
            )
        elif verdict is Verdict.LOST:
            self._lose(inlet, message)
        elif verdict is Verdict.REFUSED:
            self._fail(RemoteRefusedError(f"the sender refused the state: {message}"))

    def _lapse(self, inlet: Inlet, done: str, upto: str) -> None:
        """Enter again, if nothing was consumed that others were given meanwhile."""
        at_hand = self.current is not None and self.current.inlet is inlet
        if at_hand or (str(inlet.done), str(inlet.upto)) != (done, upto):
            inlet.verdict, inlet.reading = Verdict.LOST, False
            self._lose(
                inlet,
                "this receiver was silent for so long that others were given what it had, and it"
                " has consumed some of that: it would come twice. Give both sides a longer"
                " timeout=",
            )
            return
        self.ready = deque(each for each in self.ready if each.inlet is not inlet)
        self._rounds += 1
        inlet.enter(self._rounds, Entry(self.lineage, self._iteration, self._job))

    def _store(self, inlet: Inlet, cargo: Cargo, frames: Sequence[Any], now: float) -> bool:
        number = cargo.number
        if not inlet.reading or not inlet.course or number < inlet.expects or number in inlet.early:
            return True
        if cargo.skip >= cargo.size or not inlet.done <= number <= inlet.done + self.hwm:
            return False
        if (cargo.frames, cargo.nbytes) != (len(frames), sum(map(len, frames))):
            return False
        first, end = cargo.first + cargo.skip, cargo.first + cargo.size
        inlet.last = now
        inlet.early[number] = Delivery(
            inlet, first, end, cargo.skip, frames, cargo.state, cargo.state_seq
        )
        while inlet.expects in inlet.early:
            delivery = inlet.early.pop(inlet.expects)
            if inlet.taken.overlaps(delivery.first, delivery.end):
                self._lose(inlet, "it sent what was consumed before")
                return True
            inlet.expects += 1
            self.ready.append(delivery)
        return True

    # What time brings.

    def tick(self, now: float) -> None:
        """Do what is due."""
        for inlet in [*self.inlets.values()]:
            if self.timeout_s is not None and now - inlet.last > self.timeout_s:
                if inlet.unfinished:
                    self._lose(inlet, f"nothing was heard of it for {self.timeout_s:g} s")
                inlet.leaving = False
                if not inlet.ended:
                    del self.inlets[inlet.incarnation]
                continue
            eager = inlet.urgent or inlet.news >= max(1, self._credit() // 4)
            starved = inlet.news and not self.ready
            if eager or starved or now - inlet.pinged >= BEAT_S:
                self._ping(inlet, now)
        self._call_out(now)
        missing = self._places.keys() - {inlet.stream for inlet in self.inlets.values()}
        if (
            self.reading
            and self.timeout_s is not None
            and now - self._began > self.timeout_s
            and len(self.inlets) >= self.senders
            and any(not self._places[stream].ended for stream in missing)
        ):
            self._fail(
                RemoteLostError(
                    f"{len(missing)} of the {len(self._places)} streams that the state speaks of"
                    " did not come back, but other senders are there. Start the senders with"
                    " state_file=, so that they keep their streams"
                )
            )

    def _call_out(self, now: float) -> None:
        for route, called in self._calls.items():
            heard = max((i.last for i in self.inlets.values() if i.route == route), default=-1e9)
            if now - heard > SILENCE_S and now - called >= BEAT_S:
                self._calls[route] = now
                self._call(route)

    def _call(self, route: Route) -> None:
        if len(self._nonces) >= MAX_CALLS:
            del self._nonces[next(iter(self._nonces))]
        nonce = self._token()
        self._nonces[nonce] = route
        self._outgoing.append((route, [pack(Call(nonce))]))

    def _credit(self) -> int:
        return max(1, self.hwm // max(1, len(self.inlets)))

    def _ping(self, inlet: Inlet, now: float) -> None:
        self._pings += 1
        inlet.pinged, inlet.news, inlet.urgent = now, 0, False
        mood = Mood.IDLE
        if inlet.leaving:
            mood = Mood.LEAVING
            inlet.left_at = inlet.left_at or self._pings
        elif inlet.reading:
            mood = Mood.READING
        if inlet.verdict is not Verdict.NONE and not inlet.over_at:
            inlet.over_at = self._pings
        upto, current, cursor = inlet.upto, self.current, self._cursor
        if current is not None and current.inlet is inlet and cursor is not None:
            taken = cursor.position - current.base
            upto = current.first + taken if taken > 0 else 0
        entry = inlet.entry if inlet.heard == 0 and inlet.entry is not None else ()
        ping = Ping(
            self.receiver,
            inlet.incarnation,
            self._pings,
            inlet.round,
            mood,
            self.epoch,
            inlet.heard,
            inlet.expects,
            sorted(inlet.early),
            inlet.done,
            upto,
            self._credit(),
            entry,
        )
        self._outgoing.append((inlet.route, [pack(ping)]))

    def outgoing(self) -> list[Outgoing]:
        """Return the messages to send, and forget them."""
        out, self._outgoing = self._outgoing, []
        return out

    def waiting_for(self) -> str:
        """Say what the consumer waits for."""
        if len(self.inlets) < self.senders:
            return f"{self.senders - len(self.inlets)} of {self.senders} senders to come"
        idle = sum(not inlet.course and not inlet.ended for inlet in self.inlets.values())
        if idle:
            return f"{idle} of {len(self.inlets)} senders to begin epoch {self.epoch}"
        return f"datapoints from {len(self.inlets)} senders"

    def _lose(self, inlet: Inlet, why: str) -> None:
        self._fail(
            RemoteLostError(
                f"the stream {inlet.stream.hex()} of a sender cannot be gone on with, after"
                f" {inlet.count} datapoints of epoch {self.epoch}: {why}. A sender that is"
                " started with state_file= takes up its stream where it was; this flow's"
                " state_dict() can be loaded when all senders are started anew"
            )
        )

    def _fail(self, error: RemoteError) -> None:
        if self.error is None and self.reading:
            self.error = error


def _counts(inlet: Inlet) -> bool:
    """Whether the iteration under way has to do with it."""
    return not inlet.leaving and (inlet.course > 0 or inlet.ended)
