"""A receiver's round, as its sender sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dataflow_zmq.remote.sending.course import Course
from dataflow_zmq.remote.wire.messages import Entry, Mood, Ping, Verdict
from dataflow_zmq.remote.wire.outbox import Route
from dataflow_zmq.remote.wire.parcel import Parcel


@dataclass(eq=False)
class Sent:
    """A parcel under way to a receiver, or with it.

    Attributes:
        parcel: it.
        pongs: how many pongs had been sent before it.
        arrived: whether the receiver has told that it is there.
    """

    parcel: Parcel
    pongs: int
    arrived: bool = False


@dataclass(eq=False)
class Link:
    """One round of one receiver.

    Attributes:
        receiver: its id.
        round: its number.
        entry: what it brought along.
        route: by which its last message came.
        last: when that was.
        since: when the first one came.
        number: of the last ping.
        epoch: the epoch it wants.
        mood: what it is up to.
        course: what it takes part in; None before and after.
        sent: its parcels that are not wholly consumed, by number.
        next: the number of its next parcel.
        turn: which of all parcels its last one was, the later the larger.
        done: how many parcels it has consumed wholly.
        upto: see `Ping.upto`.
        held: what the receiver held on entry and counts as its parcel 0, until it is produced.
        credit: how many parcels it may have.
        heard: the number of the last pong that it has heard.
        pongs: how many were sent.
        verdict: how the round ended.
        texts: of the verdict.
    """

    receiver: bytes
    round: int
    entry: Entry
    route: Route
    last: float
    epoch: int
    since: float = 0.0
    number: int = 0
    mood: Mood = Mood.READING
    course: Course | None = None
    sent: dict[int, Sent] = field(default_factory=dict)
    next: int = 0
    turn: int = 0
    done: int = 0
    upto: int = 0
    held: tuple[int, int] | None = None
    credit: int = 0
    heard: int = 0
    pongs: int = 0
    verdict: Verdict = Verdict.NONE
    texts: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether it takes part in a course."""
        return self.course is not None and self.verdict is Verdict.NONE

    @property
    def waits(self) -> bool:
        """Whether it wants a course and has none yet."""
        return self.mood is Mood.READING and self.course is None and self.verdict is Verdict.NONE

    @property
    def room(self) -> int:
        """How many more parcels it may be sent."""
        return self.credit - len(self.sent) if self.reads else 0

    @property
    def load(self) -> float:
        """What share of its credit is used."""
        return len(self.sent) / self.credit

    @property
    def settled(self) -> bool:
        """Whether it knows how its round ended, or has none."""
        return self.mood is not Mood.READING or self.verdict in (Verdict.LAPSED, Verdict.LEFT)

    @property
    def may_return(self) -> bool:
        """Whether it is between two epochs."""
        return self.mood is Mood.IDLE and self.verdict is Verdict.END

    def judge(self, verdict: Verdict, *texts: str) -> None:
        """End the round."""
        self.verdict, self.texts = verdict, texts
        self.course = None
        self.held = None

    def consumed(self, done: int, upto: int) -> Iterator[tuple[int, int]]:
        """Take note of how far the receiver is; yield the spans that are new.

        Numbers that cannot be are passed over: nobody but a forger sends them.
        """
        if done > self.next or done < self.done:
            return
        for number in range(self.done, done):
            gone = self.sent.pop(number, None)
            if gone is not None:
                parcel = gone.parcel
                yield parcel.first + parcel.done, parcel.end
                parcel.done = parcel.count
            elif number == 0 and self.held is not None:
                yield self.held
                self.held = None
        if done > self.done:
            self.done, self.upto = done, 0
        if upto <= self.upto:
            return
        self.upto = upto
        current = self.sent.get(done)
        if current is not None:
            parcel = current.parcel
            if parcel.first + parcel.done < upto <= parcel.end:
                yield parcel.first + parcel.done, upto
                parcel.done = upto - parcel.first
        elif done == 0 and self.held is not None and self.held[0] < upto <= self.held[1]:
            yield self.held[0], upto
            self.held = (upto, self.held[1]) if upto < self.held[1] else None

    def missing(self, ping: Ping) -> Iterator[tuple[int, Sent]]:
        """Yield what the receiver would have by now, had it not been lost on the way.

        What was sent before a pong that the receiver has heard is there, or is lost: both take
        the same way, in order.
        """
        early = set(ping.early)
        for number, sent in self.sent.items():
            if number < ping.expects or number in early:
                sent.arrived = True
            elif not sent.arrived and ping.heard > sent.pongs:
                yield number, sent
