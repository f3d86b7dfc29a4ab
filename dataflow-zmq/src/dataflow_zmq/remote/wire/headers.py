"""The wire format of messages.

A message is a header, the codec's form of one flat tuple behind a magic number and a digest, and
for a parcel the codec's frames of its datapoints. Whatever is not exactly one of these is no
message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

from dataflow_core import CodecError
from dataflow_core.codec import Limits, decode, encode
from dataflow_zmq.remote.wire.messages import (
    ID_BYTES,
    Call,
    Cargo,
    Entry,
    Hello,
    Message,
    Ping,
    Pong,
)

#: Changes whenever an older version would misunderstand what is sent.
PREFIX = b"DFR\x01"

#: States of flows are the largest things a header holds.
MAX_HEADER_BYTES = 1 << 22

#: Numbers that one header may list; a receiver has no more parcels than this under way.
MAX_LISTED = 1 << 16

_DIGEST_BYTES = 8
_LIMITS = Limits(max_depth=4, max_frames=1, max_bytes=MAX_HEADER_BYTES, max_rare_keys=1)

_Check: TypeAlias = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _is_id(value: Any) -> bool:
    return type(value) is bytes and len(value) == ID_BYTES


def _is_length(value: Any) -> bool:
    return type(value) is int and -1 <= value < 1 << 62


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _are_numbers(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MAX_LISTED and all(map(_is_number, value))


def _is_span(value: Any) -> bool:
    return _are_numbers(value) and len(value) == 2 and value[0] < value[1]


def _is_held(value: Any) -> bool:
    return value == () or _is_span(value)


def _are_spans(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MAX_LISTED and all(map(_is_span, value))


def _are_texts(value: Any) -> bool:
    return type(value) is tuple and len(value) <= 4 and all(map(_is_text, value))


def _is_entry(value: Any) -> bool:
    return value == () or (type(value) is tuple and _fits(value, _ENTRY))


def _fits(values: Sequence[Any], checks: Sequence[_Check]) -> bool:
    return len(values) == len(checks) and all(check(value) for check, value in zip(checks, values))


_ENTRY: tuple[_Check, ...] = (
    _is_id, _is_number, _is_number, _is_flag, _is_id, _is_number, _are_spans, _is_number, _is_flag,
    _is_held, _is_text, _is_number,
)  # fmt: skip
_KINDS: tuple[tuple[type[Message], tuple[_Check, ...]], ...] = (
    (Call, (_is_number,)),
    (Hello, (_is_id, _is_id, _is_length, _is_number)),
    (
        Ping,
        (_is_id, _is_id, *[_is_number] * 6, _are_numbers, *[_is_number] * 3, _is_entry),
    ),
    (Pong, (_is_id, _is_id, _is_id, *[_is_number] * 6, _is_length, _is_number, _are_texts)),
    (Cargo, (_is_id, _is_id, *[_is_number] * 7, _is_text, _is_number)),
)
_CODES = {kind: code for code, (kind, _) in enumerate(_KINDS)}


def pack(message: Message) -> bytes:
    """Return the header that says `message`."""
    body = bytes(encode((_CODES[type(message)], *_plain(message)), limits=_LIMITS)[0])
    return PREFIX + _digest(body) + body


def unpack(header: bytes) -> Message | None:
    """Return the message that `header` says, or None if it is none.

    >>> unpack(pack(Call(7))), unpack(b"GET / HTTP/1.1")
    (Call(nonce=7), None)
    """
    body = header[len(PREFIX) + _DIGEST_BYTES :]
    if header[: len(PREFIX)] != PREFIX or len(header) > MAX_HEADER_BYTES:
        return None
    if header[len(PREFIX) : -len(body)] != _digest(body):
        return None
    try:
        values = decode([body], limits=_LIMITS)
    except CodecError:
        return None
    if type(values) is not tuple or not values or not _is_number(values[0]):
        return None
    code, *fields = values
    if code >= len(_KINDS):
        return None
    kind, checks = _KINDS[code]
    if not _fits(fields, checks):
        return None
    if kind is Ping and fields[-1]:
        fields[-1] = Entry(*fields[-1])
    return kind(*fields)


def _digest(body: bytes) -> bytes:
    """Return what tells damaged headers from whole ones. It keeps no forger away: keys do."""
    return blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _plain(value: Any) -> Any:
    """Return `value` with plain tuples for all sequences and plain ints for all numbers."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value
