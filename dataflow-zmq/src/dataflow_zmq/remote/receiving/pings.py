"""What a receiver tells a sender about how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_zmq.remote.receiving.inlet import Inlet
from dataflow_zmq.remote.wire.messages import Mood, Ping, Verdict

if TYPE_CHECKING:
    from dataflow_zmq.remote.receiving.protocol import Receiving


def credit(receiving: Receiving) -> int:
    """Return how many parcels each sender may have under way."""
    return max(1, receiving.hwm // max(1, len(receiving.inlets)))


def ping(receiving: Receiving, inlet: Inlet, number: int) -> Ping:
    """Return ping `number` for the sender of `inlet`, which then is up to date."""
    inlet.news, inlet.urgent = 0, False
    mood = Mood.IDLE
    if inlet.leaving:
        mood = Mood.LEAVING
        inlet.left_at = inlet.left_at or number
    elif inlet.reading:
        mood = Mood.READING
    if inlet.verdict is not Verdict.NONE and not inlet.over_at:
        inlet.over_at = number
    return Ping(
        receiving.receiver,
        inlet.incarnation,
        number,
        inlet.round,
        mood,
        receiving.iteration.epoch,
        inlet.heard,
        inlet.expects,
        sorted(inlet.early),
        inlet.done,
        _upto(receiving, inlet),
        credit(receiving),
        inlet.entry if inlet.heard == 0 and inlet.entry is not None else (),
    )


def _upto(receiving: Receiving, inlet: Inlet) -> int:
    """Return the first number of the parcel at hand that is not consumed; 0 if it is unknown."""
    current, cursor = receiving.current, receiving.cursor
    if current is None or current.inlet is not inlet or cursor is None:
        return inlet.upto
    taken = cursor.position - current.base
    return current.first + taken if taken > 0 else 0
