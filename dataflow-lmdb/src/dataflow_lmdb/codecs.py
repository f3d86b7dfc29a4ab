"""The forms that values have: ours, and those of others, which must be asked for by name.

Unpickling runs whatever code the writer of the pickle chose, so it is never done unasked.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias

from dataflow_core import codec
from dataflow_lmdb import numpy_in_msgpack
from dataflow_lmdb.meta import CODEC

PICKLE: Final = "pickle"
MSGPACK_NUMPY: Final = "msgpack-numpy"

#: From a value, which lives as long as the call only, to what it stands for.
Decode: TypeAlias = "Callable[[memoryview], Any]"


def register_codec(name: str, decode: Callable[[bytes], Any]) -> None:
    """Let `LMDBSerializer.load(path, codec=name)` read values of another form.

    Registering the same function again is fine, and so is running its definition again, as
    notebooks do: the newest counts. Workers get the function itself, with the flow.

    Args:
        name: what to say for `codec`.
        decode: from a value to a datapoint; may be called by several threads at once.

    Raises:
        TypeError: if `decode` cannot be called, or `name` is no str.
        ValueError: if the name is empty, or taken by another function.

    Example:
        >>> import json
        >>> register_codec("json", json.loads)
        >>> register_codec("pickle", json.loads)
        Traceback (most recent call last):
        ...
        ValueError: the codec 'pickle' is there already: dataflow_lmdb.codecs.decode_pickle; ...
    """
    if not isinstance(name, str) or not callable(decode):
        raise TypeError(f"register_codec takes a name and a function, not {name!r} and {decode!r}")
    if not name:
        raise ValueError("a codec's name is not empty")
    known = _decoders.get(name)
    if known is not None and _origin(known) != _origin(decode):
        raise ValueError(
            f"the codec {name!r} is there already: {'.'.join(_origin(known))}; choose another name"
        )
    _decoders[name] = _Registered(decode)


def decode_pickle(value: bytes | memoryview) -> Any:
    """Return what was pickled, for a user who asked for it by name."""
    return pickle.loads(value)  # noqa: S301


def known_codecs() -> Collection[str]:
    """Return the names that `codec=` takes."""
    return _decoders.keys()


def decoder_of(name: str) -> Decode:
    """Return what reads the values of a codec.

    Raises:
        ValueError: if there is no such codec.
    """
    if name not in _decoders:
        raise ValueError(
            f"there is no codec {name!r}, only {', '.join(map(repr, _decoders))}; add one with"
            " register_codec(name, decode), or write"
            " LMDBDataDecoder(LMDBData(path), lambda key, value: ...)"
        )
    return _decoders[name]


def looks_like(value: bytes) -> str:
    r"""Return the codec that `value` seems to be in; empty if it seems to be in none.

    >>> looks_like(pickle.dumps([1])), looks_like(b"\x91\x01"), looks_like(b"JFIF")
    ('pickle', 'msgpack-numpy', '')
    """
    if value[:3] == codec.dumps([])[:3]:
        return CODEC
    # Protocol 2 and later: its mark, its number, and a full stop at the end.
    if len(value) > 2 and value[0] == 0x80 and value[1] <= pickle.HIGHEST_PROTOCOL:
        return PICKLE if value[-1:] == b"." else ""
    # A list of msgpack.
    if value and (0x90 <= value[0] <= 0x9F or value[0] in (0xDC, 0xDD)):
        return MSGPACK_NUMPY
    return ""


class _Registered:
    """A decoder that others wrote: it gets a copy, since it may keep what it gets."""

    __slots__ = ("decode",)

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self.decode = decode

    def __call__(self, value: memoryview) -> Any:
        return self.decode(bytes(value))


def _decode_dataflow(value: memoryview) -> Any:
    return codec.loads(value, copy=True)


def _origin(decode: Callable[..., Any]) -> tuple[str, str]:
    """Return where a function is from: its module and its name there."""
    if isinstance(decode, _Registered):
        decode = decode.decode
    return (
        getattr(decode, "__module__", None) or type(decode).__module__,
        getattr(decode, "__qualname__", None) or repr(decode),
    )


_decoders: dict[str, Decode] = {
    CODEC: _decode_dataflow,
    PICKLE: decode_pickle,
    MSGPACK_NUMPY: numpy_in_msgpack.unpack,
}
