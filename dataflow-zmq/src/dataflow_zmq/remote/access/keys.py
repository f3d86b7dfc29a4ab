"""Who may talk to whom: CURVE keys, and the same two keywords on either side.

| keyword | the side that binds | a side that connects |
|---|---|---|
| `server_keys` | its own secret key | the public key of the side that binds |
| `authorized_keys` | public keys of those who may connect | its own secret key |
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import zmq

from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.gate import DOMAIN, Gate
from dataflow_zmq.remote.access.key_files import PUBLIC_SUFFIX, KeyPair, read_public, read_secret

if TYPE_CHECKING:
    from typing_extensions import Self

KeyFile: TypeAlias = "str | os.PathLike[str]"
KeyFiles: TypeAlias = "KeyFile | Sequence[KeyFile]"

_MAKE = "`dataflow keygen NAME` makes keys"


@dataclass(frozen=True)
class Keys:
    """The keys of one side.

    Attributes:
        own: of this side.
        server: the public key of the side that binds; None where this side is the one.
        allowed: the public keys of those who may connect; empty where this side is one of them.
    """

    own: KeyPair
    server: bytes | None
    allowed: frozenset[bytes]

    @classmethod
    def load(
        cls, server_keys: KeyFile | None, authorized_keys: KeyFiles | None, *, bound: bool
    ) -> Self | None:
        """Read the files that a user has named; None if there are none.

        Args:
            server_keys: the key of the side that binds: its secret file there, its public one on
                the other side.
            authorized_keys: the keys of those who connect. Where this side binds: a file, several,
                or a folder of public keys `*.key`, whose owners may connect. Where it connects: its
                own secret file.
            bound: whether this side binds.

        Raises:
            RemoteRefusedError: only one of them is given, or a file is not there, cannot be read,
                or is not what it has to be.

        >>> Keys.load("server.key", None, bound=False)
        Traceback (most recent call last):
        dataflow_zmq.errors.RemoteRefusedError: server_keys= without authorized_keys=: keys go...
        """
        if server_keys is None and authorized_keys is None:
            return None
        if server_keys is None or authorized_keys is None:
            given, missing = ("server_keys", "authorized_keys")[:: -1 if server_keys is None else 1]
            raise RemoteRefusedError(
                f"{given}= without {missing}=: keys go both ways. {_wanted(missing, bound=bound)};"
                f" {_MAKE}"
            )
        if not zmq.has("curve"):
            raise RemoteRefusedError("this build of ZeroMQ has no CURVE; pyzmq's wheels have it")
        if bound:
            own = read_secret(_file("server_keys", server_keys, bound=True), "server_keys")
            return cls(own, None, _public_keys(authorized_keys))
        server = read_public(_file("server_keys", server_keys, bound=False))
        secret_file = _file("authorized_keys", authorized_keys, bound=False)
        return cls(read_secret(secret_file, "authorized_keys"), server, frozenset())

    def apply(self, socket: zmq.Socket[bytes]) -> None:
        """Have `socket` use the keys; to be called before it is bound or connected."""
        socket.curve_publickey = self.own.public
        socket.curve_secretkey = self.own.secret
        if self.server is not None:
            socket.curve_serverkey = self.server
            return
        socket.curve_server = True
        # With both, connections are refused also when nobody decides about them, which
        # ZeroMQ otherwise takes for a yes.
        socket.zap_domain = DOMAIN
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)

    @contextmanager
    def guard(self, context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[None]:
        """Decide, as long as the `with` lasts, who may connect to sockets of this context.

        To be entered before a socket is bound. Where this side connects there is nothing to do.
        """
        if self.server is not None:
            yield
            return
        with Gate(context, self.allowed):
            yield


def _wanted(keyword: str, *, bound: bool) -> str:
    if keyword == "server_keys":
        return (
            "server_keys= is this side's secret key file, because it binds"
            if bound
            else "server_keys= is the public key file of the side that binds"
        )
    return (
        "authorized_keys= names the public key files, or a folder of them, of those who may connect"
        if bound
        else "authorized_keys= is this side's own secret key file, because it connects"
    )


def _file(keyword: str, given: object, *, bound: bool) -> Path:
    """Return the one existing file that `given` has to be."""
    if not isinstance(given, (str, os.PathLike)):
        raise RemoteRefusedError(f"{keyword}={given!r} is no file; {_wanted(keyword, bound=bound)}")
    path = Path(given)
    if path.is_dir():
        raise RemoteRefusedError(f"{keyword}: {path} is a folder; {_wanted(keyword, bound=bound)}")
    if not path.exists():
        raise RemoteRefusedError(f"{keyword}: there is no file {path}; {_MAKE}")
    return path


def _public_keys(given: KeyFiles) -> frozenset[bytes]:
    paths = [given] if isinstance(given, (str, os.PathLike)) else list(given)
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(_file("authorized_keys", path, bound=True))
            continue
        inside = sorted(path.glob(f"*{PUBLIC_SUFFIX}"))
        if not inside:
            raise RemoteRefusedError(
                f"authorized_keys: the folder {path} holds no {PUBLIC_SUFFIX} file, so nobody could"
                f" connect; put the public keys of those who may into it; {_MAKE}"
            )
        files += inside
    if not files:
        raise RemoteRefusedError("authorized_keys names no file, so nobody could connect")
    return frozenset(map(read_public, files))
