"""Who may connect: the side of ZAP (ZeroMQ's RFC 27) that decides.

ZeroMQ asks for each connection, by a request over a socket within the process, and waits for the
answer before it lets a message through.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import zmq
from zmq.utils import z85

if TYPE_CHECKING:
    from typing_extensions import Self

#: What sockets have as their `zap_domain`; others are none of our business.
DOMAIN = b"dataflow"

_ADDRESS = "inproc://zeromq.zap.01"
_VERSION = b"1.0"
_CURVE = b"CURVE"
_ADMITTED = (b"200", b"OK")
_REFUSED = (b"400", b"this key is not among the authorized keys")

#: version, request id, domain, address, identity, mechanism; credentials follow.
_FIXED_FRAMES = 6

#: Refused keys that are told of one by one: whoever knocks can make up as many as he likes.
_TOLD = 100

_logger = logging.getLogger("dataflow_zmq")


class Gate:
    """A thread that admits the keys it was given, and nobody else.

    Args:
        context: whose sockets' connections it decides about. A context has room for one.
        allowed: public keys, 40 characters of Z85 each.

    Attributes:
        refused: how many connections were.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], allowed: Collection[bytes]) -> None:
        self.refused = 0
        self._context = context
        self._allowed = frozenset(allowed)
        self._told: set[bytes] = set()

    def __enter__(self) -> Self:
        requests = self._context.socket(zmq.REP)
        try:
            requests.linger = 0
            requests.bind(_ADDRESS)
        except zmq.ZMQError:
            requests.close()
            raise
        self._stop, stopped = socket.socketpair()
        self._thread = threading.Thread(
            target=self._run, args=(requests, stopped), name="dataflow-zmq-gate", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.close()
        self._thread.join()

    def _run(self, requests: zmq.Socket[bytes], stopped: socket.socket) -> None:
        poller = zmq.Poller()
        poller.register(requests, zmq.POLLIN)
        # Readable when its other end is closed.
        poller.register(stopped, zmq.POLLIN)
        with stopped, requests, suppress(zmq.ContextTerminated):
            while stopped.fileno() not in dict(poller.poll()):
                requests.send_multipart(self._answer(requests.recv_multipart()))
            # Closing frees the name a little later, and the next gate may need it now.
            requests.unbind(_ADDRESS)

    def _answer(self, request: Sequence[bytes]) -> list[bytes]:
        if len(request) < _FIXED_FRAMES:
            # Not from ZeroMQ, then; but who asks gets an answer.
            return [_VERSION, b"", *_REFUSED, b"", b""]
        _, request_id, domain, address, _, mechanism, *credentials = request
        key = z85.encode(credentials[0]) if len(credentials) == 1 and mechanism == _CURVE else b""
        admitted = domain == DOMAIN and key in self._allowed
        if not admitted:
            self._tell(key, address)
        return [_VERSION, request_id, *(_ADMITTED if admitted else _REFUSED), b"", b""]

    def _tell(self, key: bytes, address: bytes) -> None:
        self.refused += 1
        if key in self._told or len(self._told) >= _TOLD:
            return
        self._told.add(key)
        _logger.warning(
            "refused a connection from %s: its key %s is not among the authorized keys",
            address.decode(errors="replace"),
            key.decode(),
        )
