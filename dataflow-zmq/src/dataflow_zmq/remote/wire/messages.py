"""What a sender and a receiver say to each other.

Each message means the same when it comes twice, or late.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

#: Of senders, their streams, receivers and lineages.
ID_BYTES = 16

#: How often a receiver tells how far it is, and a sender that nobody talks to says hello.
BEAT_S = 0.25

#: A side talks to no more others than this at once.
MAX_LINKS = 4096


class Mood(IntEnum):
    """What a receiver is up to in the round that its ping speaks of."""

    IDLE = 0  # nothing is asked for; the round, if there was one, is over
    READING = 1
    LEAVING = 2  # what is consumed will not grow any more


class Verdict(IntEnum):
    """How a round ends for a receiver; NONE while it goes on."""

    NONE = 0
    END = 1  # of the epoch; others follow
    LAST = 2  # of the epoch, and the sender serves no other
    FAILED = 3  # the pipeline raised
    LOST = 4  # it cannot be gone on without holes or duplicates
    REFUSED = 5
    LAPSED = 6  # the receiver was silent for so long that others got what it had
    LEFT = 7  # its leave was taken note of


class Call(NamedTuple):
    """A receiver asks who is there.

    Attributes:
        nonce: comes back with the answer, so that a recorded one is known for what it is.
    """

    nonce: int


class Hello(NamedTuple):
    """A sender says who it is.

    Attributes:
        stream: what it sends.
        incarnation: which start of the sender it is.
        length: of the flow; -1: unknown.
        nonce: of the call that this answers; 0 if it answers none.
    """

    stream: bytes
    incarnation: bytes
    length: int
    nonce: int


class Entry(NamedTuple):
    """What a receiver brings along when it enters a sender's epoch.

    Attributes:
        lineage: stays the same when a receiver is resumed in another process.
        iteration: counts how often the receiver was iterated over.
        job: stays the same when a pipeline is started over, or from a state, with the same seed.
        resumes: whether `stream` and what follows say where to go on.
        stream: the stream that the numbers are of.
        course: the sender's number of the epoch it was in.
        spans: numbers of datapoints that were consumed, by anyone.
        taken: how many of the course the lineage consumed.
        alone: whether nobody else consumed any of it.
        held: (first, end) of what is at the consumer right now, counted as parcel 0; or ().
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: see `state`.
    """

    lineage: bytes
    iteration: int
    job: int
    resumes: bool = False
    stream: bytes = bytes(ID_BYTES)
    course: int = 0
    spans: Sequence[Sequence[int]] = ()
    taken: int = 0
    alone: bool = False
    held: Sequence[int] = ()
    state: str = ""
    state_seq: int = 0


class Ping(NamedTuple):
    """A receiver says how far it is.

    Attributes:
        receiver: its id.
        incarnation: of the sender it speaks to.
        number: counts the receiver's pings, so that late ones are known for what they are.
        round: counts what the receiver asks this sender for.
        mood: see `Mood`.
        epoch: the epoch that it wants.
        heard: the number of the last pong of this round.
        expects: the number of the parcel that comes next.
        early: numbers of later parcels that are there already.
        done: how many parcels are consumed wholly.
        upto: the number of the first datapoint of parcel `done` that is not consumed; 0: unknown.
        credit: how many parcels may be under way or unconsumed.
        entry: until the first pong of the round is heard; then ().
    """

    receiver: bytes
    incarnation: bytes
    number: int
    round: int
    mood: int
    epoch: int
    heard: int
    expects: int
    early: Sequence[int]
    done: int
    upto: int
    credit: int
    entry: Entry | tuple[()]


class Pong(NamedTuple):
    """A sender says how a receiver's round stands.

    Attributes:
        receiver: whom it is for.
        incarnation: whom it is from.
        stream: of the sender; a fresh one may take up the stream of one that is gone.
        round: of the receiver.
        number: counts the pongs of the round from 1.
        ping: the number of the last ping that came.
        course: the sender's number of the epoch; 0 while the receiver waits for it.
        begins: number of the epoch's first datapoint.
        low: all datapoints below this number are consumed.
        length: of the flow; -1: unknown.
        verdict: see `Verdict`.
        texts: of the verdict.
    """

    receiver: bytes
    incarnation: bytes
    stream: bytes
    round: int
    number: int
    ping: int
    course: int
    begins: int
    low: int
    length: int
    verdict: int
    texts: Sequence[str]


class Cargo(NamedTuple):
    """The header of a parcel.

    Attributes:
        receiver: whom it is for.
        incarnation: whom it is from.
        round: of the receiver.
        number: counts the round's parcels from 0.
        first: number of the first datapoint.
        size: how many datapoints the frames hold.
        skip: how many of them were consumed already.
        frames: how many there are.
        nbytes: of all frames.
        state: the flow's state, as JSON, at number `state_seq`; "" if there is none.
        state_seq: see `state`.
    """

    receiver: bytes
    incarnation: bytes
    round: int
    number: int
    first: int
    size: int
    skip: int
    frames: int
    nbytes: int
    state: str
    state_seq: int


Message: TypeAlias = Call | Hello | Ping | Pong | Cargo
