"""Files of CURVE keys, in the form that CZMQ and pyzmq write too.

NAME.key          the public key, for the other side
NAME.key_secret   both keys, for nobody else
"""

from __future__ import annotations

import os
import re
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

import zmq
from zmq.utils import z85

from dataflow_zmq.errors import RemoteRefusedError

PUBLIC_SUFFIX = ".key"
SECRET_SUFFIX = ".key_secret"  # noqa: S105  a file's name

#: A file of keys has some hundred bytes; what is larger is something else.
LARGEST_FILE_BYTES = 1 << 16

_KEY_CHARACTERS = 40
_LINE = re.compile(r"""^\s*(public-key|secret-key)\s*=\s*(["']?)(\S*)\2\s*$""", re.MULTILINE)
_FILE = """\
#   ZeroMQ CURVE {kind} key, by dataflow keygen: {care}.

curve
    public-key = "{public}"
"""


@dataclass(frozen=True)
class KeyPair:
    """A public and its secret key, 40 characters of Z85 each."""

    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public.decode()!r})"


def write_key_pair(name: str, folder: str | Path = ".") -> tuple[Path, Path]:
    """Make a key pair, and write `NAME.key` and `NAME.key_secret`.

    Args:
        name: what the files are called, without a suffix.
        folder: made if it is not there.

    Returns:
        The paths of the public and of the secret key.

    Raises:
        ValueError: `name` is no file's name.
        FileExistsError: one of the files is there; nothing is overwritten.
        OSError: the folder cannot be written to.
    """
    if not name or name.startswith(".") or Path(name).name != name or "\\" in name:
        raise ValueError(f"{name!r} is no name for a key; write 'trainer', and the folder apart")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    public_file, secret_file = folder / f"{name}{PUBLIC_SUFFIX}", folder / f"{name}{SECRET_SUFFIX}"
    for file in (public_file, secret_file):
        if file.exists():
            raise FileExistsError(f"{file} exists; choose another name, or remove it if it is idle")
    public, secret = (key.decode() for key in zmq.curve_keypair())
    secret_text = _FILE.format(kind="SECRET", care="nobody else may read this file", public=public)
    _write_new(secret_file, secret_text + f'    secret-key = "{secret}"\n', 0o600)
    try:
        public_text = _FILE.format(kind="public", care="give it to the other side", public=public)
        _write_new(public_file, public_text, 0o644)
    except OSError:
        secret_file.unlink()
        raise
    return public_file, secret_file


def read_public(path: str | Path) -> bytes:
    """Return the public key in a file of either kind.

    Raises:
        RemoteRefusedError: the file holds no key, or cannot be read; the message names it.
    """
    return _key(path, _keys_in(path), "public-key")


def read_secret(path: str | Path, keyword: str) -> KeyPair:
    """Return the key pair in a secret file.

    Args:
        path: the file.
        keyword: the argument that named it, for messages.

    Raises:
        RemoteRefusedError: the file holds no secret key, or two keys that do not belong together,
            or others may read it, or nobody can.
    """
    keys = _keys_in(path)
    if "public-key" in keys and "secret-key" not in keys:
        raise RemoteRefusedError(
            f"{keyword}: {os.fspath(path)} holds a public key, and this side needs its own secret"
            f" one here: NAME{SECRET_SUFFIX}"
        )
    pair = KeyPair(_key(path, keys, "public-key"), _key(path, keys, "secret-key"))
    if zmq.curve_public(pair.secret) != pair.public:
        raise RemoteRefusedError(
            f"{os.fspath(path)}: its public and its secret key do not belong together"
        )
    _refuse_readable_by_others(path)
    return pair


def _write_new(path: Path, text: str, mode: int) -> None:
    # Created with its mode: between creating and changing it others could open the file.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _keys_in(path: str | Path) -> dict[str, str]:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE_BYTES)
    except OSError as error:
        raise RemoteRefusedError(
            f"the keys in {os.fspath(path)} cannot be read: {error}"
        ) from error
    # Whatever the bytes are, they become text, in which no key is found then.
    text = content.decode("ascii", errors="replace")
    return {name: key for name, _, key in _LINE.findall(text)}


def _key(path: str | Path, keys: dict[str, str], name: str) -> bytes:
    key = keys.get(name)
    if key is None:
        raise RemoteRefusedError(
            f"{os.fspath(path)} holds no {name}; `dataflow keygen NAME` makes files of keys"
        )
    try:
        whole = len(key) == _KEY_CHARACTERS and bool(z85.decode(key))
    # pyzmq looks characters up in a dict, and packs what may be too large a number.
    except (ValueError, KeyError, struct.error):
        whole = False
    if not whole:
        raise RemoteRefusedError(
            f"{os.fspath(path)}: its {name} is damaged: no {_KEY_CHARACTERS} characters of Z85"
        )
    return key.encode()


def _refuse_readable_by_others(path: str | Path) -> None:
    if os.name != "posix":
        return
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if mode & 0o077:
        raise RemoteRefusedError(
            f"{os.fspath(path)} is a secret that others may read or change (its mode is"
            f" {mode:o}): chmod 600 {os.fspath(path)}"
        )
