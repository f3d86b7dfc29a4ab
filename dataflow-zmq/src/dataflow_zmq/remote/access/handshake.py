"""Whether the other side takes us: what ZeroMQ tells of a connection's handshakes.

ZeroMQ itself tries again without a word, or, where the other side has made its refusal plain, gives
up without a word. Either way a program would wait for ever.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

import zmq
from zmq.utils.monitor import recv_monitor_message

from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.greeting import mechanism_at

if TYPE_CHECKING:
    Socket: TypeAlias = zmq.Socket[bytes]

#: When ZeroMQ has given up a connection for good, it is made again after so long.
RECONNECT_S = 1.0

#: ZAP's status for a key that is not allowed; 300 and 500 stand for troubles that pass.
_STATUS_REFUSED = 400

#: Fewer broken handshakes than this may be a network's doing.
_SURELY_BROKEN = 5

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CONNECT_DELAYED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class Handshakes:
    """Watches the handshakes of a socket that connects to one address.

    A poller may wait for `monitor`, too; `check` is to be called then, and once in a while.

    Args:
        socket: what connects, best before it does. Used by the calling thread only.
        addr: where to.
        secure: whether it has keys.
        patience_s: with keys, for how long all handshakes since the start may break off before that
            is taken for a wrong key: a wrong `server_keys` cannot be told from a connection that is
            cut each time. None: for ever.
    """

    def __init__(
        self, socket: Socket, addr: str, *, secure: bool, patience_s: float | None = 30.0
    ) -> None:
        self._socket = socket
        self._addr = addr
        self._secure = secure
        self._patience_s = patience_s
        self._succeeded = False
        self._broken = 0
        self._broken_since = 0.0
        self._asks_at = _SURELY_BROKEN
        self._given_up_at: float | None = None
        self.monitor: Socket = socket.get_monitor_socket(_EVENTS)

    def check(self, now: float | None = None) -> None:
        """Take note of what has happened, and connect anew where ZeroMQ has given up.

        Args:
            now: seconds of a clock that never goes back; None: of `time.monotonic`.

        Raises:
            RemoteRefusedError: the other side does not take us.
        """
        now = time.monotonic() if now is None else now
        while self.monitor.poll(0):
            message = recv_monitor_message(self.monitor)
            self._note(message["event"], message["value"], now)
        if not self._succeeded and self._broken >= self._asks_at:
            self._asks_at = self._broken + _SURELY_BROKEN
            self._ask()
        if (
            self._secure
            and not self._succeeded
            and self._patience_s is not None
            and self._broken >= _SURELY_BROKEN
            and now - self._broken_since >= self._patience_s
        ):
            raise RemoteRefusedError(
                f"{self._addr} broke off {self._broken} handshakes and took none: server_keys= has"
                " to be the public key of the side that binds there"
            )
        if self._given_up_at is not None and now - self._given_up_at >= RECONNECT_S:
            self._given_up_at = None
            self._socket.disconnect(self._addr)
            self._socket.connect(self._addr)

    def close(self) -> None:
        """Stop watching; the socket stays as it is."""
        if not self._socket.closed:
            self._socket.disable_monitor()
        self.monitor.close()

    def _note(self, event: int, value: int, now: float) -> None:
        if event == zmq.EVENT_DISCONNECTED:
            # Followed at once by CONNECT_RETRIED, unless ZeroMQ gives up.
            self._given_up_at = now
            return
        if event in (
            zmq.EVENT_CONNECT_RETRIED,
            zmq.EVENT_CONNECT_DELAYED,
            zmq.EVENT_CONNECTED,
            zmq.EVENT_HANDSHAKE_SUCCEEDED,
        ):
            self._given_up_at = None
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._succeeded = True
            self._broken = 0
        elif event == zmq.EVENT_CLOSED:
            # Nobody is there: whoever comes has our patience anew.
            self._broken = 0
            self._asks_at = _SURELY_BROKEN
        elif event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            if not self._broken:
                self._broken_since = now
            self._broken += 1
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH and value == _STATUS_REFUSED:
            raise RemoteRefusedError(
                f"{self._addr} does not know this side's key: add its public key to the"
                " authorized_keys= of the side that binds there, and start that side again"
            )
        elif (
            event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
            and value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
        ):
            self._refuse_mechanism()

    def _ask(self) -> None:
        """Find out what ZeroMQ did not get to hear: whether the other side has keys."""
        wanted = {True: "NULL", False: "CURVE"}[self._secure]
        if mechanism_at(self._addr) == wanted:
            self._refuse_mechanism()

    def _refuse_mechanism(self) -> None:
        raise RemoteRefusedError(
            f"{self._addr} uses no keys, and this side does: give server_keys= and"
            " authorized_keys= on both sides or on none"
            if self._secure
            else f"{self._addr} wants keys: give server_keys= and authorized_keys="
        )
