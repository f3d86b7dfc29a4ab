"""The sender's side of the protocol, without sockets, clocks and threads.

    produced, not settled  =  waiting in the pool  +  sent to one receiver each

A parcel leaves that equation only when it is consumed. Two threads take part in driving this, one
at a time: whoever produces, and whoever moves messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataflow_zmq.remote.sending.admission import admit, note_left
from dataflow_zmq.remote.sending.course import Course, Failure, Progress
from dataflow_zmq.remote.sending.link import Link, Sent
from dataflow_zmq.remote.sending.replies import cargo, hello, pong
from dataflow_zmq.remote.wire.messages import BEAT_S, MAX_LINKS, Call, Message, Mood, Ping, Verdict
from dataflow_zmq.remote.wire.outbox import Outbox, Outgoing, Route
from dataflow_zmq.remote.wire.parcel import Parcel


@dataclass(frozen=True)
class Identity:
    """Who a sender is: its stream outlives a restart, its incarnation does not."""

    stream: bytes
    incarnation: bytes


class Sending:
    """What a sender knows.

    Args:
        identity: its ids.
        hwm: how many parcels may be under way to one receiver.
        epochs: how many to serve; None is without end.
        timeout_s: how long a receiver may be silent; None is for ever.
        announces: routes on which somebody may wait to be told of this sender.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        hwm: int = 50,
        epochs: int | None = None,
        timeout_s: float | None = 30.0,
        announces: Sequence[Route] = (),
    ) -> None:
        self.stream = identity.stream
        self.incarnation = identity.incarnation
        self.hwm = hwm
        self.epochs = epochs
        self.timeout_s = timeout_s
        self.length = -1
        self.links: dict[bytes, Link] = {}
        self.pool: list[Parcel] = []
        self.progress = Progress()
        self.course: Course | None = None
        #: The epochs that were served to their end, in that order; if it matters how many.
        self.served: list[int] = []
        #: Lineages that a restarted sender waits for, because they know what was consumed.
        self.expected: set[bytes] = set()
        self.expected_until: float | None = None
        #: Whether it was started anew when all was served: for whom, if not for a receiver that
        #: goes on where it was before?
        self.awaits_anyone = False
        #: Counts the changes that a state file would have to tell.
        self.changes = 0
        #: Counts the changes that must be on disk before anybody hears of them.
        self.urgent = 0
        #: Datapoints consumed, for whoever shows progress.
        self.consumed = 0
        self.announces = announces
        self._announced = -1e9
        self._turns = 0
        self._over_since: float | None = None
        self._outbox = Outbox()

    # What comes in.

    def receive(self, route: Route, message: Message, now: float) -> bool:
        """Take a message; return whether it makes sense at all."""
        if isinstance(message, Call):
            self._greet(route, message.nonce)
            return True
        if not isinstance(message, Ping):
            return False
        if message.incarnation != self.incarnation:
            self._greet(route)
            return True
        last = self.links.get(message.receiver)
        if last is not None and message.number <= last.number:
            return True
        link = self._link(route, message, now)
        if link is None:
            return False
        link.number = message.number
        link.route, link.last = route, now
        link.heard = max(link.heard, message.heard)
        link.credit = min(message.credit, self.hwm)
        # A round that has been left stays left, whatever was under way before that was told.
        if link.mood not in (Mood.LEAVING, message.mood):
            link.mood = Mood(message.mood)
            self.urgent += 1
        self._take_consumed(link, message.done, message.upto)
        if link.mood is Mood.LEAVING and link.verdict is Verdict.NONE:
            self._leave(link)
        elif link.mood is Mood.READING:
            for number, sent in link.missing(message):
                self._send(link, number, sent.parcel)
        self.turn(now)
        self._pong(link)
        return True

    def _link(self, route: Route, ping: Ping, now: float) -> Link | None:
        link = self.links.get(ping.receiver)
        if link is not None and ping.round <= link.round:
            return link if ping.round == link.round else None
        if not ping.entry or ping.mood not in set(Mood) or len(self.links) >= MAX_LINKS:
            return None
        if link is not None:
            self._leave(link)
        link = Link(ping.receiver, ping.round, ping.entry, route, now, ping.epoch, since=now)
        link.mood = Mood(ping.mood)
        if link.mood is not Mood.READING:
            self.expected.discard(link.entry.lineage)
            note_left(self, link.entry)
        self.links[ping.receiver] = link
        return link

    def _take_consumed(self, link: Link, done: int, upto: int) -> None:
        course = link.course
        if course is None:
            return
        for first, end in link.consumed(done, upto):
            self.progress.settled.add(first, end)
            course.counts[link.entry.lineage] += end - first
            self.consumed += end - first
            self.changes += 1

    def _leave(self, link: Link) -> None:
        self.release(link)
        if link.verdict is Verdict.NONE:
            link.judge(Verdict.LEFT)
            self.urgent += 1

    def release(self, link: Link) -> None:
        """Take back what `link` has not consumed."""
        parcels = [sent.parcel for sent in link.sent.values()]
        back = [parcel for parcel in parcels if parcel.done < parcel.count]
        link.sent.clear()
        link.held = None
        if back:
            self.pool = sorted([*self.pool, *back], key=lambda parcel: parcel.first)

    # What time brings.

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self.expected_until is not None and now >= self.expected_until:
            self.expected.clear()
            self.expected_until = None
        links = self.links.values()
        heard = max((each.last for each in links if each.mood is not Mood.LEAVING), default=-1e9)
        if now - heard > 4 * BEAT_S and now - self._announced >= BEAT_S:
            self._announced = now
            for route in self.announces:
                self._greet(route)
        self._lapse(now)
        self.turn(now)

    def silent(self, link: Link, now: float) -> bool:
        """Whether nothing was heard of it for too long."""
        return self.timeout_s is not None and now - link.last > self.timeout_s

    def _lapse(self, now: float) -> None:
        """Give what dead receivers had to those that want it."""
        for link in self.links.values():
            if link.reads and self.silent(link, now):
                wanted = any(
                    other.room > 0 and not self.silent(other, now)
                    for other in self.links.values()
                    if other is not link
                )
                if wanted and not self.pool:
                    self.release(link)
                    link.judge(Verdict.LAPSED, str(link.done), str(link.upto))
                    self.urgent += 1

    def turn(self, now: float) -> None:
        """Do what has become possible."""
        self._end()
        for link in [*self.links.values()]:
            if link.waits and not self.silent(link, now):
                admit(self, link, now)
        self._end()
        self._pump()

    def _end(self) -> None:
        """End the course if everything was consumed."""
        course = self.course
        if course is None or course.ended or not course.exhausted:
            return
        if self.progress.low < self.progress.produced:
            return
        course.ended = True
        self.urgent += 1
        failure = course.failure
        if failure is None and self.epochs is not None:
            self.served.append(course.epoch)
        for link in self.links.values():
            if failure is not None and (link.reads or link.waits):
                self.tell(link, Verdict.FAILED, *_texts(failure))
            elif link.reads:
                self.tell(link, Verdict.LAST if self.all_served else Verdict.END)

    def _pump(self) -> None:
        """Send what is ready to whoever has least to do, in turn."""
        while self.pool:
            ready = [link for link in self.links.values() if link.room > 0]
            if not ready:
                return
            parcel = self.pool.pop(0)
            if parcel.done == parcel.count:
                continue
            link = min(ready, key=lambda each: (each.load, each.turn))
            self._turns += 1
            link.turn = self._turns
            self._send(link, link.next, parcel)
            link.next += 1

    # How courses begin and end.

    def begin(self, course: Course, link: Link) -> None:
        """Make `course` the one that is served, for `link` to begin with."""
        self.pool.clear()
        for other in self.links.values():
            if other.course is not None:
                self.release(other)
                other.judge(Verdict.LAPSED, str(other.done), str(other.upto))
        self.pool.clear()
        self.course = course
        self.join(link, course)

    def join(self, link: Link, course: Course, count: int = 0) -> None:
        """Let `link` take part in `course`."""
        link.course = course
        lineage = link.entry.lineage
        course.receivers[link.receiver] = link.entry.iteration
        course.jobs.add(link.entry.job)
        course.counts[lineage] = max(course.counts.get(lineage, 0), count)
        self.expected.discard(lineage)
        self.urgent += 1
        # Parcels mean nothing before it is known what they are of.
        self._pong(link)

    def abort(self, text: str) -> None:
        """Tell everyone that this is the end, whatever is missing."""
        for link in self.links.values():
            if link.verdict is Verdict.NONE and link.mood is Mood.READING:
                self.tell(link, Verdict.LOST, text)

    @property
    def all_served(self) -> bool:
        """Whether as many epochs were served as were to be."""
        return self.epochs is not None and len(self.served) >= self.epochs

    @property
    def failure(self) -> Failure | None:
        """What the pipeline raised, once all that came before it is consumed."""
        course = self.course
        return course.failure if course is not None and course.ended else None

    def finished(self, now: float) -> bool:
        """Whether nothing is left to do and everyone knows."""
        if (not self.all_served and self.failure is None) or self.expected:
            self._over_since = None
            return False
        if self._over_since is None:
            self._over_since = now
        if not all(link.settled or self.silent(link, now) for link in self.links.values()):
            return False
        patient = self.timeout_s is None or now - self._over_since <= self.timeout_s
        return not (patient and self._may_be_wanted(now))

    def _may_be_wanted(self, now: float) -> bool:
        """Whether somebody may want more who does not know that all is served."""
        if self.awaits_anyone and not self.links:
            return True
        # That others have had all of the last epoch is not known between two of them.
        return any(link.may_return and not self.silent(link, now) for link in self.links.values())

    # What goes out.

    def outgoing(self) -> list[Outgoing]:
        """Return the messages to send, and forget them."""
        return self._outbox.empty()

    def tell(self, link: Link, verdict: Verdict, *texts: str) -> None:
        """End the round of `link`, and say so at once."""
        link.judge(verdict, *texts)
        self._pong(link)

    def _greet(self, route: Route, nonce: int = 0) -> None:
        self._outbox.put(route, hello(self, nonce))

    def _pong(self, link: Link) -> None:
        link.pongs += 1
        self._outbox.put(link.route, pong(self, link))

    def _send(self, link: Link, number: int, parcel: Parcel) -> None:
        link.sent[number] = Sent(parcel, link.pongs)
        self._outbox.put(link.route, cargo(self, link, number, parcel), parcel.frames)


def _texts(failure: Failure) -> tuple[str, str, str]:
    return failure.message, failure.error_type, failure.traceback
