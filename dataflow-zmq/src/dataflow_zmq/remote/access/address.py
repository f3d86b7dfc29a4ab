"""Addresses: which are well formed, and which may be used without keys."""

from __future__ import annotations

import ipaddress

from dataflow_zmq.errors import RemoteRefusedError

EXAMPLES = "'tcp://127.0.0.1:5555', 'tcp://*:5555' or 'ipc:///tmp/train'"

#: What fits into the address of a Unix socket, the closing zero aside: Linux has 108, macOS 104.
LONGEST_PATH = 103

_HIGHEST_PORT = 65535
_IPV4_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_IPV6_LOOPBACK = ipaddress.ip_address("::1")


def check_address(addr: str, *, secure: bool, insecure: bool) -> str:
    """Return `addr` if it is one, and may be used.

    Args:
        addr: `tcp://HOST:PORT`, where HOST is a number, a name, `[...]` around an IPv6 number, or
            `*` for all of this machine's; or `ipc://PATH`.
        secure: whether there are keys.
        insecure: whether the user wants no keys wherever the address leads.

    Raises:
        RemoteRefusedError: `addr` is malformed, or of a transport that does not leave the process;
            or other machines can reach it, there are no keys, and the user has not asked for that.

    >>> check_address("tcp://127.0.0.1:5555", secure=False, insecure=False)
    'tcp://127.0.0.1:5555'
    >>> check_address("tcp://*:5555", secure=False, insecure=False)
    Traceback (most recent call last):
    dataflow_zmq.errors.RemoteRefusedError: tcp://*:5555 is not of this machine alone...
    """
    transport, found, rest = _text(addr).partition("://")
    if not found or not rest:
        raise RemoteRefusedError(f"{addr!r} is no address; write {EXAMPLES}")
    if transport == "ipc":
        _check_path(addr, rest)
    elif transport == "tcp":
        host = _host(addr, rest)
        if not (secure or insecure or is_loopback(host)):
            raise RemoteRefusedError(
                f"{addr} is not of this machine alone, and without keys whoever reaches it can"
                " read the datapoints and send others. Make keys with `dataflow keygen` and give"
                " server_keys= and authorized_keys=; or bind tcp://127.0.0.1:PORT and let ssh carry"
                " the port (ssh -L or -R); or, in a network where you trust everybody, say"
                " insecure=True"
            )
    elif transport == "inproc":
        raise RemoteRefusedError(
            f"{addr!r}: inproc stays within one process, where the flow itself can be used; between"
            f" processes write {EXAMPLES}"
        )
    else:
        raise RemoteRefusedError(
            f"{addr!r}: there is no transport {transport!r}, only tcp and ipc; write {EXAMPLES}"
        )
    return addr


def is_loopback(host: str) -> bool:
    """Return whether no other machine can reach `host`, as far as its spelling tells.

    Names other than `localhost` may lead anywhere, and do not count.

    >>> [is_loopback(host) for host in ("127.0.0.53", "localhost", "::1", "*", "10.0.0.1", "node1")]
    [True, True, True, False, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv4Address):
        return number in _IPV4_LOOPBACK
    return number == _IPV6_LOOPBACK


def needs_ipv6(addr: str) -> bool:
    """Return whether a socket must have the option IPV6 for this address.

    It is not for all: with it `localhost` may be taken for ::1, where the other side is not.

    >>> needs_ipv6("tcp://[::1]:5555"), needs_ipv6("tcp://localhost:5555")
    (True, False)
    """
    return addr.startswith("tcp://[")


def _text(addr: object) -> str:
    if not isinstance(addr, str):
        raise RemoteRefusedError(
            f"{addr!r} is no address but {type(addr).__name__}; write {EXAMPLES}"
        )
    if not addr.isprintable() or " " in addr.partition("://")[0]:
        raise RemoteRefusedError(f"{addr!r} holds characters that no address has; write {EXAMPLES}")
    return addr


def _check_path(addr: str, path: str) -> None:
    size = len(path.encode())
    if size > LONGEST_PATH:
        raise RemoteRefusedError(
            f"{addr!r}: the path of a Unix socket has at most {LONGEST_PATH} bytes, this one has"
            f" {size}; a shorter one, below /tmp say, will do"
        )


def _host(addr: str, rest: str) -> str:
    """Return the host of a tcp address, without brackets."""
    host, found, port = rest.rpartition(":")
    if not found or not host:
        raise RemoteRefusedError(f"{addr!r} has no port; write {EXAMPLES}")
    if port != "*" and not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
        raise RemoteRefusedError(
            f"{addr!r}: {port!r} is no port; ports are 1 to {_HIGHEST_PORT}: write {EXAMPLES}"
        )
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            raise RemoteRefusedError(f"{addr!r}: {error}; write 'tcp://[::1]:5555'") from None
        return host[1:-1]
    if ":" in host:
        raise RemoteRefusedError(f"{addr!r}: IPv6 stands in brackets: write 'tcp://[::1]:5555'")
    if not all(character.isalnum() or character in "*._-" for character in host):
        raise RemoteRefusedError(f"{addr!r}: {host!r} is no host; write {EXAMPLES}")
    return host
