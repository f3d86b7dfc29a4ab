"""A sender, as a receiver sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dataflow_core import StateError
from dataflow_zmq.remote.wire.headers import MAX_LISTED
from dataflow_zmq.remote.wire.messages import ID_BYTES, Cargo, Entry, Verdict
from dataflow_zmq.remote.wire.outbox import Route
from dataflow_zmq.remote.wire.spans import Spans


@dataclass(eq=False)
class Delivery:
    """A parcel on its way to the consumer.

    Attributes:
        inlet: whom it is from.
        first: number of the first datapoint that is to be handed out.
        end: the number after the last one's.
        skip: how many of those in `frames` come before `first`.
        frames: of the codec.
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: see `state`.
        base: the position of the first datapoint at the consumer.
    """

    inlet: Inlet
    first: int
    end: int
    skip: int
    frames: Sequence[Any]
    state: str
    state_seq: int
    base: int = 0


@dataclass(frozen=True)
class StreamPlace:
    """How far a lineage of receivers is in one stream.

    Attributes:
        stream: its id.
        course: the sender's number of the epoch.
        begins: number of the epoch's first datapoint.
        spans: numbers of the datapoints that are consumed.
        count: how many of them by this lineage.
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: see `state`.
        ended: whether the stream's epoch is over.
    """

    stream: bytes
    course: int
    begins: int
    spans: tuple[tuple[int, int], ...]
    count: int
    state: str = ""
    state_seq: int = 0
    ended: bool = False

    def entry(
        self, lineage: bytes, iteration: int, job: int, held: tuple[int, int] | tuple[()] = ()
    ) -> Entry:
        """Return what tells a sender to go on here."""
        end = self.spans[-1][1] if self.spans else self.begins
        alone = len(self.spans) == 1 and self.count == end - self.begins
        return Entry(
            lineage,
            iteration,
            job,
            resumes=True,
            stream=self.stream,
            course=self.course,
            spans=self.spans,
            taken=self.count,
            alone=alone,
            held=held,
            state=self.state,
            state_seq=self.state_seq,
        )

    def after(self, first: int, taken: int) -> StreamPlace:
        """Return the place when `taken` datapoints from `first` on are consumed, too."""
        spans = Spans(self.spans)
        spans.add(first, first + taken)
        return StreamPlace(
            self.stream,
            self.course,
            self.begins,
            tuple(spans.pairs()),
            self.count + taken,
            self.state,
            self.state_seq,
            self.ended,
        )

    def dump(self) -> dict[str, object]:
        """Return the place as JSON."""
        return {
            "stream": self.stream.hex(),
            "course": self.course,
            "begins": self.begins,
            "spans": [[*span] for span in self.spans],
            "count": self.count,
            "state": json.loads(self.state) if self.state else None,
            "state_seq": self.state_seq,
            "ended": self.ended,
        }

    @staticmethod
    def load(value: object) -> StreamPlace:
        """Return the place that `value` holds.

        Raises:
            StateError: if it holds none.
        """
        if not isinstance(value, Mapping):
            raise StateError(f"the state's place of a remote stream is no dict: {value!r}")
        try:
            numbers = [int(value[name]) for name in ("course", "begins", "count", "state_seq")]
            spans = tuple((int(first), int(end)) for first, end in value["spans"])
            stream = bytes.fromhex(value["stream"])
            state = "" if value["state"] is None else json.dumps(value["state"])
            ended = bool(value["ended"])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"the state's place of a remote stream is damaged: {error}") from error
        course, begins, count, state_seq = numbers
        sound = all(0 <= first < end for first, end in spans) and min(numbers) >= 0
        if not sound or len(stream) != ID_BYTES or len(spans) > MAX_LISTED:
            raise StateError("the state's place of a remote stream is damaged")
        return StreamPlace(stream, course, begins, spans, count, state, state_seq, ended)


@dataclass(eq=False)
class Inlet:
    """One sender, and the round that it is asked for.

    Attributes:
        incarnation: of the sender.
        stream: of the sender.
        route: by which its last message came.
        last: when that was.
        length: of its flow; -1: unknown.
        round: the number of the round; 0 before the first.
        reading: whether the round is under way.
        entry: what the sender is told on entry.
        heard: the number of the last pong of the round.
        expects: the number of the parcel that comes next.
        early: parcels that came before their turn.
        done: how many parcels are consumed wholly.
        course: the sender's number of the epoch; 0 while it is waited for.
        begins: number of the epoch's first datapoint.
        taken: numbers of datapoints that are consumed.
        count: how many of them by this lineage, in this course.
        state: the flow's latest state among the parcels consumed.
        state_seq: its number.
        verdict: how the round ended.
        final: whether the sender serves no other epoch.
        leaving: whether the sender has to be told that the round was left.
        left_at: the number of the ping that told so first; 0: none did yet.
        upto: of the round that was left, see `Ping.upto`.
        over_at: the number of the ping that took note of the verdict; 0: none did yet.
        acknowledged: whether the sender has that ping.
        pinged: when the last ping was sent.
        news: parcels consumed since.
        urgent: whether the sender is to be told something now.
    """

    incarnation: bytes
    stream: bytes
    route: Route
    last: float
    length: int = -1
    round: int = 0
    reading: bool = False
    leaving: bool = False
    entry: Entry | None = None
    heard: int = 0
    expects: int = 0
    early: dict[int, Delivery] = field(default_factory=dict)
    done: int = 0
    course: int = 0
    begins: int = 0
    taken: Spans = field(default_factory=Spans)
    count: int = 0
    state: str = ""
    state_seq: int = 0
    verdict: Verdict = Verdict.NONE
    final: bool = False
    upto: int = 0
    left_at: int = 0
    over_at: int = 0
    acknowledged: bool = False
    pinged: float = -1e9
    news: int = 0
    urgent: bool = True

    @property
    def ended(self) -> bool:
        """Whether the round came to the end of the epoch."""
        return self.verdict in (Verdict.END, Verdict.LAST)

    @property
    def unfinished(self) -> bool:
        """Whether the sender's end would leave a hole."""
        return self.reading and self.course > 0 and self.verdict is Verdict.NONE

    def enter(self, round_: int, entry: Entry, held: tuple[int, int] | None = None) -> None:
        """Begin a round."""
        self.round, self.entry = round_, entry
        self.reading, self.leaving, self.urgent = True, False, True
        self.heard = self.done = self.upto = self.course = self.begins = self.news = 0
        self.expects = 0 if held is None else 1
        self.over_at, self.acknowledged = 0, False
        self.early.clear()
        self.taken = Spans(entry.spans)
        self.count = entry.taken
        self.state, self.state_seq = entry.state, entry.state_seq
        self.verdict = Verdict.NONE

    def wants(self, number: int) -> bool:
        """Whether parcel `number` is still to come."""
        known = self.course > 0 and self.reading
        return known and number >= self.expects and number not in self.early

    def in_order(self, cargo: Cargo, frames: Sequence[Any]) -> Iterator[Delivery]:
        """Take a parcel, and yield those whose turn it is."""
        first, end = cargo.first + cargo.skip, cargo.first + cargo.size
        self.early[cargo.number] = Delivery(
            self, first, end, cargo.skip, frames, cargo.state, cargo.state_seq
        )
        while self.expects in self.early:
            delivery = self.early.pop(self.expects)
            self.expects += 1
            yield delivery

    def consume(self, delivery: Delivery, end: int) -> None:
        """Take note that the datapoints of `delivery` with numbers below `end` are consumed."""
        self.taken.add(delivery.first, end)
        self.count += end - delivery.first
        self.state, self.state_seq = delivery.state, delivery.state_seq

    def place(self) -> StreamPlace:
        """Return how far the consumer is, but for the parcel that it has at hand."""
        return StreamPlace(
            self.stream,
            self.course,
            self.begins,
            tuple(self.taken.pairs()),
            self.count,
            self.state,
            self.state_seq,
            self.ended,
        )
