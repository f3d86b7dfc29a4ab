"""The thread that moves messages: it alone touches the sockets once they are open."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from time import monotonic
from typing import Any

import zmq

from dataflow_zmq.ending import end
from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.address import needs_ipv6
from dataflow_zmq.remote.access.handshake import Handshakes
from dataflow_zmq.remote.access.keys import Keys
from dataflow_zmq.remote.wire.headers import MAX_HEADER_BYTES
from dataflow_zmq.remote.wire.outbox import Outgoing, Route

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16

#: How long what was sent last may take to leave when the sockets are closed.
LINGER_MS = 1000

#: How many messages are read from a socket before anything else is done.
BURST = 64

Incoming = tuple[Route, Sequence[zmq.Frame]]
Turn = Callable[[Sequence[Incoming], float], tuple[Sequence[Outgoing], float]]


class Sockets:
    """The sockets of one side, open.

    Args:
        addresses: where to bind one ROUTER each, or where to connect one DEALER each.
        bind: which of the two.
        keys: those of this side, if there are any.
        max_bytes: of one frame that is taken in.
        patience_s: with keys, how long all handshakes may break off; None is for ever.

    Raises:
        RemoteRefusedError: an address cannot be bound.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        bind: bool,
        keys: Keys | None,
        max_bytes: int = MAX_HEADER_BYTES,
        patience_s: float | None = None,
    ) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.sockets: list[zmq.Socket[bytes]] = []
        self._guard = ExitStack()
        self._bind = bind
        #: What this side does, for people.
        self.doing = f"{'bound to' if bind else 'connecting to'} {', '.join(addresses)}"
        self._patience_s = patience_s
        self._handshakes: list[Handshakes] = []
        try:
            if keys is not None:
                self._guard.enter_context(keys.guard(self.context))
            for address in addresses:
                self._open(address, keys, max_bytes)
        except BaseException:
            self.close(0)
            raise

    @property
    def routes(self) -> list[Route]:
        """Where somebody may be that has not spoken yet."""
        return [] if self._bind else [(number, None) for number in range(len(self.sockets))]

    def _open(self, address: str, keys: Keys | None, max_bytes: int) -> None:
        opened = self.context.socket(zmq.ROUTER if self._bind else zmq.DEALER)
        self.sockets.append(opened)
        # The credit bounds what is under way; a limit here would drop messages, or block.
        opened.sndhwm = opened.rcvhwm = 0
        opened.setsockopt(zmq.MAXMSGSIZE, max_bytes)
        opened.setsockopt(zmq.RECONNECT_IVL, 50)
        opened.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        if needs_ipv6(address):
            opened.setsockopt(zmq.IPV6, 1)
        if keys is not None:
            keys.apply(opened)
        if self._bind:
            opened.router_mandatory = True
            try:
                opened.bind(address)
            except zmq.ZMQError as error:
                raise RemoteRefusedError(
                    f"{address} cannot be bound: {error}. One process binds an address, the others"
                    " connect to it (bind=False)"
                ) from error
        else:
            # Nothing is kept for a connection that is not there.
            opened.immediate = True
            self._handshakes.append(
                Handshakes(opened, address, secure=keys is not None, patience_s=self._patience_s)
            )
            opened.connect(address)

    def check(self) -> None:
        """See whether the other sides take this one.

        Raises:
            RemoteRefusedError: one does not.
        """
        for handshakes in self._handshakes:
            handshakes.check(monotonic())

    def receive(self, number: int) -> list[Incoming]:
        """Return the messages that have arrived at a socket, not too many at once."""
        from_socket, messages = self.sockets[number], list[Incoming]()
        for _ in range(BURST):
            try:
                frames = from_socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            who = bytes(frames.pop(0).buffer) if self._bind else None
            messages.append(((number, who), frames))
        return messages

    def send(self, outgoing: Outgoing) -> None:
        """Send a message, if there is a connection to send it by; else it is lost."""
        (number, who), frames = outgoing
        parts = frames if who is None else [who, *frames]
        try:
            self.sockets[number].send_multipart(
                parts, zmq.NOBLOCK, copy=False, copy_threshold=COPY_BELOW
            )
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise

    def close(self, linger_ms: int = LINGER_MS) -> None:
        """Close them all."""
        for handshakes in self._handshakes:
            handshakes.close()
        for opened in self.sockets:
            opened.close(linger_ms)
        self._guard.close()
        end(self.context)


class Loop:
    """A thread that waits for messages and for time to pass.

    Args:
        name: of the thread.
        sockets: which become its own.
        turn: called with what came in and the time; returns what goes out, and when it wants to be
            called again.
        failed: called with what `turn` raised, which ends the thread.
    """

    def __init__(
        self, name: str, sockets: Sockets, turn: Turn, failed: Callable[[BaseException], None]
    ) -> None:
        self._sockets = sockets
        self._turn = turn
        self._failed = failed
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._awake = False
        self._stopping = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def ours(self) -> bool:
        """Whether this is the process that the thread lives in, not a fork of it."""
        return self._pid == os.getpid()

    @property
    def here(self) -> bool:
        """Whether the calling thread is the loop's."""
        return threading.current_thread() is self._thread

    def wake(self) -> None:
        """Have `turn` called soon."""
        if self._awake:
            return
        self._awake = True
        try:
            self._writer.send(b"\0")
        except OSError:
            return  # full, so it will wake; or closed, so there is nobody to wake

    def close(self) -> None:
        """Call `turn` a last time, close the sockets and end the thread."""
        self._stopping = True
        if not self.ours:
            return
        self._awake = False
        self.wake()
        # Garbage is collected in any thread, this one included.
        if not self.here:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001  raised where datapoints are waited for
            self._failed(error)
        finally:
            self._sockets.close()
            self._reader.close()
            self._writer.close()

    def _serve(self) -> None:
        poller = zmq.Poller()
        for opened in self._sockets.sockets:
            poller.register(opened, zmq.POLLIN)
        poller.register(self._reader, zmq.POLLIN)
        due = 0.0
        while True:
            patience = max(0.0, due - monotonic())
            events: dict[Any, int] = dict(poller.poll(int(patience * 1000) + bool(patience)))
            if self._reader.fileno() in events:
                self._awake = False
                self._drain()
            incoming: list[Incoming] = []
            for number, opened in enumerate(self._sockets.sockets):
                if opened in events:
                    incoming += self._sockets.receive(number)
            self._sockets.check()
            stopping = self._stopping
            outgoing, due = self._turn(incoming, monotonic())
            for message in outgoing:
                self._sockets.send(message)
            if stopping:
                return

    def _drain(self) -> None:
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            return
