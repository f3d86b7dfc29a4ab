"""What a sender says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_zmq.remote.sending.link import Link
from dataflow_zmq.remote.wire.messages import Cargo, Hello, Pong
from dataflow_zmq.remote.wire.parcel import Parcel

if TYPE_CHECKING:
    from dataflow_zmq.remote.sending.protocol import Sending


def hello(sending: Sending, nonce: int) -> Hello:
    """Return who the sender is; `nonce` is that of the call it answers, or 0."""
    return Hello(sending.stream, sending.incarnation, sending.length, nonce)


def pong(sending: Sending, link: Link) -> Pong:
    """Return how the round of `link` stands."""
    course = link.course
    return Pong(
        link.receiver,
        sending.incarnation,
        sending.stream,
        link.round,
        link.pongs,
        link.number,
        0 if course is None else course.number,
        0 if course is None else course.begins,
        sending.progress.low,
        sending.length,
        link.verdict,
        link.texts,
    )


def cargo(sending: Sending, link: Link, number: int, parcel: Parcel) -> Cargo:
    """Return the header of the round's parcel `number`."""
    return Cargo(
        link.receiver,
        sending.incarnation,
        link.round,
        number,
        parcel.first,
        parcel.count,
        parcel.done,
        len(parcel.frames),
        parcel.nbytes,
        parcel.state,
        parcel.state_seq,
    )
