"""The header: a prefix and one flat msgpack array of tokens.

Nothing nests inside msgpack: arrays are allocated as long as they are declared, so that nested
ones could declare, level by level, far more than there are bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgpack import ExtType, Packer, Unpacker, unpackb

from dataflow_core.codec import wire
from dataflow_core.errors import CodecError

# Lone surrogates are what Python makes of file names that are not UTF-8.
_UNICODE_ERRORS = "surrogatepass"
# msgpack reads its own timestamps without asking the hook: as integers they do no harm.
_TIMESTAMP_AS_INT = 2
# What nested arrays could make msgpack allocate in vain, at 8 bytes for each declared element, is
# below half a megabyte both in so few bytes (85 levels of 256 elements) and where none may declare
# more than so many elements (msgpack goes down 1024 levels).
_SHORT_HEADER = 256
_FEW_TOKENS = 32
_SHORT_ARRAY = range(0x90, 0xA0)
_ARRAY_COUNT_BYTES = {0xDC: 2, 0xDD: 4}
_MAX_HEADER = (1 << 32) - 1


def ext(code: int, payload: bytes) -> ExtType:
    """Make a msgpack ext without the checks of its constructor, which cost twice the rest.

    >>> ext(9, b"x")
    ExtType(code=9, data=b'x')
    """
    return tuple.__new__(ExtType, (code, payload))


def pack_tokens(tokens: list[object]) -> bytes:
    r"""Write a header.

    Args:
        tokens: None, bool, int, float, str, bytes and what `ext` made.

    Raises:
        CodecError: a string is longer than the 4 GiB that msgpack can count.

    >>> pack_tokens([1, "a"])
    b'DFC\x01\x92\x01\xa1a'
    """
    packer = Packer(default=_big_int, strict_types=True, unicode_errors=_UNICODE_ERRORS)
    try:
        packed: bytes = packer.pack(tokens)
    except (ValueError, OverflowError) as error:
        raise CodecError(f"msgpack cannot hold this datapoint: {error}") from error
    return wire.PREFIX + packed


def unpack_tokens(header: bytes, ext_hook: Callable[[int, bytes], Any]) -> list[Any]:
    """Read a header.

    Args:
        header: what `pack_tokens` returned, or what claims to be.
        ext_hook: called with code and payload of every ext, in order; may return anything but
            a list.

    Raises:
        CodecError: the header is in another format, or is not flat.
        ValueError, msgpack.UnpackException: it is not msgpack.

    >>> unpack_tokens(pack_tokens([1, "a"]), ext)
    [1, 'a']
    """
    if not header.startswith(wire.PREFIX):
        raise CodecError(wire.wrong_prefix(header, wire.PREFIX))
    body = header[len(wire.PREFIX) :]
    if len(body) <= _SHORT_HEADER:
        return _at_once(body, len(body), ext_hook)
    count, start = _array_header(body)
    if count <= _FEW_TOKENS:
        return _at_once(body, count, ext_hook)
    return _one_by_one(body, count, start, ext_hook)


def _at_once(body: bytes, most: int, ext_hook: Callable[[int, bytes], Any]) -> list[Any]:
    tokens = unpackb(
        body,
        ext_hook=ext_hook,
        object_hook=_refuse,
        max_array_len=most,
        max_map_len=0,
        timestamp=_TIMESTAMP_AS_INT,
        unicode_errors=_UNICODE_ERRORS,
    )
    if type(tokens) is not list or list in map(type, tokens):
        raise CodecError("the header is not one flat array")
    return tokens


def _one_by_one(
    body: bytes, count: int, start: int, ext_hook: Callable[[int, bytes], Any]
) -> list[Any]:
    # Slower to start, but with the outer array's header out of the way it can refuse every array
    # before it is made. (Not by `read_array_header`: msgpack without its C extension refuses that.)
    unpacker = Unpacker(
        ext_hook=ext_hook,
        list_hook=_refuse,
        object_hook=_refuse,
        max_array_len=0,
        max_map_len=0,
        max_buffer_size=_MAX_HEADER,
        read_size=_SHORT_HEADER,
        timestamp=_TIMESTAMP_AS_INT,
        unicode_errors=_UNICODE_ERRORS,
    )
    unpacker.feed(memoryview(body)[start:])
    tokens = list(unpacker)
    if len(tokens) != count or unpacker.tell() != len(body) - start:
        raise CodecError(f"the header declares {count} tokens and holds {len(tokens)}")
    return tokens


def _array_header(body: bytes) -> tuple[int, int]:
    """How many elements the msgpack array has that `body` starts with, and where they start."""
    code = body[0]
    if code in _SHORT_ARRAY:
        return code - _SHORT_ARRAY.start, 1
    if code not in _ARRAY_COUNT_BYTES:
        raise CodecError("the header is not one flat array")
    start = 1 + _ARRAY_COUNT_BYTES[code]
    return int.from_bytes(body[1:start], "big"), start


def _big_int(number: int) -> ExtType:
    # The only token that msgpack can refuse: an integer of more than 64 bits.
    return ext(wire.BIG_INT, number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True))


def _refuse(container: object) -> object:
    raise CodecError(f"the header holds a {type(container).__name__} of msgpack's own")
