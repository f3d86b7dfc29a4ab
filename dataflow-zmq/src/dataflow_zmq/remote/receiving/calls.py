"""Calls to senders that are silent, or not there yet."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping

from dataflow_zmq.remote.wire.messages import BEAT_S, Call
from dataflow_zmq.remote.wire.outbox import Outbox, Route

#: A sender that was not heard of for this long is called.
SILENCE_S = 2 * BEAT_S

#: How many calls may be unanswered before the oldest is forgotten.
MAX_UNANSWERED = 256

NEVER = -1e9


def random_number() -> int:
    """Return a number that nobody guesses."""
    return secrets.randbits(62)


class Calls:
    """Calls, and which of them are not answered.

    Args:
        outbox: where they go.
        routes: on which a sender may wait to be called.
        token: returns random numbers.
    """

    def __init__(
        self, outbox: Outbox, routes: Iterable[Route], token: Callable[[], int] = random_number
    ) -> None:
        self._outbox = outbox
        self._called = dict.fromkeys(routes, NEVER)
        self._token = token
        self._unanswered: dict[int, Route] = {}

    def leads_to_one(self, route: Route) -> bool:
        """Whether only one sender can be at the end of `route`."""
        return route in self._called

    def repeat(self, heard: Mapping[Route, float], now: float) -> None:
        """Call on all routes on which nothing was `heard` for a while."""
        for route, called in self._called.items():
            if now - heard.get(route, NEVER) > SILENCE_S and now - called >= BEAT_S:
                self._called[route] = now
                self.call(route)

    def call(self, route: Route) -> None:
        """Ask who is there."""
        if len(self._unanswered) >= MAX_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        nonce = self._token()
        self._unanswered[nonce] = route
        self._outbox.put(route, Call(nonce))

    def answered(self, nonce: int, route: Route) -> bool:
        """Whether `nonce` answers a call on that route; it does so once."""
        return self._unanswered.pop(nonce, None) == route
