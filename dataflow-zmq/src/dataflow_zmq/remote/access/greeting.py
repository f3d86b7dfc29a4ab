"""What a ZeroMQ socket says of itself before anything is agreed on (ZMTP 3, RFC 23).

A side that finds out that keys are wanted, or not, hangs up at once, and what it had said of itself
may be lost with the connection. Who greets it slowly gets to hear it.
"""

from __future__ import annotations

import socket
from time import monotonic

#: Signature and version: the other side tells its mechanism when it has them, and not ours yet.
_HALF_A_GREETING = b"\xff" + bytes(7) + b"\x01\x7f\x03\x00"

_MECHANISM = slice(12, 32)


def mechanism_at(addr: str, timeout_s: float = 0.3) -> str | None:
    """Return the mechanism of the socket that is bound at `addr`: NULL, CURVE, ...

    Args:
        addr: a checked one, see `check_address`.
        timeout_s: how long the answer may take.

    Returns:
        The mechanism, or None if no ZeroMQ answers.

    >>> mechanism_at("ipc:///nobody/is/here") is None
    True
    """
    until = monotonic() + timeout_s
    heard = b""
    try:
        with _connected(addr, timeout_s) as connection:
            connection.sendall(_HALF_A_GREETING)
            while len(heard) < _MECHANISM.stop:
                connection.settimeout(max(0.001, until - monotonic()))
                piece = connection.recv(64)
                if not piece:
                    return None
                heard += piece
    except OSError:
        return None
    if heard[:1] != _HALF_A_GREETING[:1] or heard[9:10] != _HALF_A_GREETING[9:10]:
        return None
    return heard[_MECHANISM].rstrip(b"\0").decode("ascii", errors="replace")


def _connected(addr: str, timeout_s: float) -> socket.socket:
    transport, _, rest = addr.partition("://")
    if transport == "tcp":
        host, _, port = rest.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(timeout_s)
        made.connect("\0" + rest[1:] if rest.startswith("@") else rest)
    except OSError:
        made.close()
        raise
    return made
