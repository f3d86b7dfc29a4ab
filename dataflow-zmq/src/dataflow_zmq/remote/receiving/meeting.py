"""What a receiver asks of a sender that it meets, for the first time or again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dataflow_zmq.remote.receiving.calls import SILENCE_S
from dataflow_zmq.remote.receiving.inlet import Inlet
from dataflow_zmq.remote.wire.messages import MAX_LINKS, Hello, Verdict
from dataflow_zmq.remote.wire.outbox import Route

if TYPE_CHECKING:
    from dataflow_zmq.remote.receiving.protocol import Receiving


def meet(receiving: Receiving, route: Route, hello: Hello, now: float) -> bool:
    """Take note of a sender; return whether what it says makes sense at all."""
    inlet = receiving.inlets.get(hello.incarnation)
    if not receiving.calls.answered(hello.nonce, route):
        # It may be a recording, so it is to say that again.
        if inlet is None or now - inlet.last > SILENCE_S:
            receiving.calls.call(route)
        return True
    if inlet is not None:
        inlet.route, inlet.last, inlet.length = route, now, hello.length
        inlet.urgent = True
        return True
    if len(receiving.inlets) >= MAX_LINKS:
        return False
    inlet = Inlet(hello.incarnation, hello.stream, route, now, hello.length)
    for other in [*receiving.inlets.values()]:
        if other.stream == hello.stream:
            _migrate(receiving, other, inlet)
            return True
        if other.route == route and receiving.calls.leads_to_one(route):
            if other.unfinished:
                receiving.lose(other, "another sender answers in its place")
            del receiving.inlets[other.incarnation]
    receiving.inlets[inlet.incarnation] = inlet
    if receiving.reading:
        enter(receiving, inlet)
    else:
        inlet.entry = receiving.iteration.entry()
    return True


def enter(receiving: Receiving, inlet: Inlet) -> None:
    """Ask a sender for its part of the iteration under way."""
    receiving.rounds += 1
    place = receiving.iteration.place_for(inlet.stream, receiving.senders)
    if place is not None and place.ended:
        inlet.enter(receiving.rounds, receiving.iteration.entry())
        inlet.reading, inlet.verdict = False, Verdict.END
        return
    inlet.enter(receiving.rounds, receiving.iteration.entry(place))


def _migrate(receiving: Receiving, old: Inlet, new: Inlet) -> None:
    """Go on with the same stream, whose sender was started anew."""
    del receiving.inlets[old.incarnation]
    receiving.inlets[new.incarnation] = new
    if old.leaving:
        _leave_anew(receiving, old, new)
        return
    if not receiving.reading:
        new.entry = receiving.iteration.entry()
        return
    if not old.unfinished:
        if old.ended:
            new.entry = receiving.iteration.entry()
            new.verdict, new.final = old.verdict, old.final
        else:
            enter(receiving, new)
        return
    current = receiving.current if receiving.current and receiving.current.inlet is old else None
    receiving.ready = deque(each for each in receiving.ready if each.inlet is not old)
    held = None if current is None else (current.first, current.end)
    receiving.rounds += 1
    new.enter(receiving.rounds, receiving.iteration.entry(old.place(), held), held)
    new.course, new.begins = old.course, old.begins
    if current is not None:
        current.inlet = new


def _leave_anew(receiving: Receiving, old: Inlet, new: Inlet) -> None:
    """Tell the sender's new incarnation what was consumed before it came."""
    receiving.rounds += 1
    new.enter(receiving.rounds, receiving.iteration.entry(old.place()))
    new.reading, new.leaving, new.left_at = False, True, 0
