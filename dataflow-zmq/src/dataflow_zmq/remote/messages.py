"""What a sender and a receiver say to each other: the wire format.

A message is a header, the codec's form of one flat tuple behind a magic number and a digest, and
for a parcel the codec's frames of its datapoints. Each message means the same when it comes twice,
or late. Whatever is not exactly one of these is no message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

from dataflow_core import CodecError
from dataflow_core.codec import Limits, decode, encode

#: Changes whenever an older version would misunderstand what is sent.
PREFIX = b"DFR\x01"

ID_BYTES = 16
DIGEST_BYTES = 8

#: States of flows are the largest things a header holds.
MAX_HEADER_BYTES = 1 << 22

#: Numbers that one header may list; a receiver has no more parcels than this under way.
MAX_LISTED = 1 << 16

_LIMITS = Limits(max_depth=4, max_frames=1, max_bytes=MAX_HEADER_BYTES, max_rare_keys=1)


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

_Check: TypeAlias = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _is_id(value: Any) -> bool:
    return type(value) is bytes and len(value) == ID_BYTES


def _is_length(value: Any) -> bool:
    return type(value) is int and -1 <= value < 1 << 62


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _are_numbers(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MAX_LISTED and all(map(_is_number, value))


def _is_span(value: Any) -> bool:
    return _are_numbers(value) and len(value) == 2 and value[0] < value[1]


def _is_held(value: Any) -> bool:
    return value == () or _is_span(value)


def _are_spans(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MAX_LISTED and all(map(_is_span, value))


def _are_texts(value: Any) -> bool:
    return type(value) is tuple and len(value) <= 4 and all(map(_is_text, value))


def _is_entry(value: Any) -> bool:
    return value == () or (type(value) is tuple and _fits(value, _ENTRY))


def _fits(values: Sequence[Any], checks: Sequence[_Check]) -> bool:
    return len(values) == len(checks) and all(check(value) for check, value in zip(checks, values))


_ENTRY: tuple[_Check, ...] = (
    _is_id, _is_number, _is_number, _is_flag, _is_id, _is_number, _are_spans, _is_number, _is_flag,
    _is_held, _is_text, _is_number,
)  # fmt: skip
_KINDS: tuple[tuple[type[Message], tuple[_Check, ...]], ...] = (
    (Call, (_is_number,)),
    (Hello, (_is_id, _is_id, _is_length, _is_number)),
    (
        Ping,
        (_is_id, _is_id, *[_is_number] * 6, _are_numbers, *[_is_number] * 3, _is_entry),
    ),
    (Pong, (_is_id, _is_id, _is_id, *[_is_number] * 6, _is_length, _is_number, _are_texts)),
    (Cargo, (_is_id, _is_id, *[_is_number] * 7, _is_text, _is_number)),
)
_CODES = {kind: code for code, (kind, _) in enumerate(_KINDS)}


def pack(message: Message) -> bytes:
    """Return the header that says `message`."""
    body = bytes(encode((_CODES[type(message)], *_plain(message)), limits=_LIMITS)[0])
    return PREFIX + _digest(body) + body


def unpack(header: bytes) -> Message | None:
    """Return the message that `header` says, or None if it is none.

    >>> unpack(pack(Call(7))), unpack(b"GET / HTTP/1.1")
    (Call(nonce=7), None)
    """
    body = header[len(PREFIX) + DIGEST_BYTES :]
    if header[: len(PREFIX)] != PREFIX or len(header) > MAX_HEADER_BYTES:
        return None
    if header[len(PREFIX) : -len(body)] != _digest(body):
        return None
    try:
        values = decode([body], limits=_LIMITS)
    except CodecError:
        return None
    if type(values) is not tuple or not values or not _is_number(values[0]):
        return None
    code, *fields = values
    if code >= len(_KINDS):
        return None
    kind, checks = _KINDS[code]
    if not _fits(fields, checks):
        return None
    if kind is Ping and fields[-1]:
        fields[-1] = Entry(*fields[-1])
    return kind(*fields)


def _digest(body: bytes) -> bytes:
    """Return what tells damaged headers from whole ones. It keeps no forger away: keys do."""
    return blake2b(body, digest_size=DIGEST_BYTES).digest()


def _plain(value: Any) -> Any:
    """Return `value` with plain tuples for all sequences and plain ints for all numbers."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value
