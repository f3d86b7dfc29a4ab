"""The numbers of the format: what `docs/codec.md` specifies, in code.

A value that msgpack knows is one token of the header; every other leaf is one msgpack ext; a
container is an ext that says how many children follow.
"""

from __future__ import annotations

VERSION = 1
PREFIX = b"DFC" + bytes([VERSION])
PACKED_PREFIX = b"DFP" + bytes([VERSION])

# Containers. The payload is the number of children (of pairs, for DICT), 1 to 8 bytes.
LIST = 0x00
TUPLE = 0x01
DICT = 0x02
# Leaves. The payload is the value.
BIG_INT = 0x08
COMPLEX = 0x09
BYTEARRAY = 0x0A
NUMPY_STR = 0x0B
NUMPY_BYTES = 0x0C
ARRAY = 0x0D
SCALAR = 0x0E
FOREIGN = 0x0F
# Leaves whose value is the next frame.
BYTES_FRAME = 0x10
BYTEARRAY_FRAME = 0x11
ARRAY_FRAME = 0x12
FOREIGN_FRAME = 0x13

INLINE_BYTES = 4096
"""Buffers up to this size travel inside the header: copying them costs less than a frame does."""

MAX_EMPTY_ITEMS = 1 << 16
"""Elements an array may have if its dtype takes no bytes, so that no buffer vouches for them."""

ALIGNMENT = 64
"""Where buffers start in the single-string form: a cache line, and enough for any SIMD load."""

ARRAY_TRAILER = 2
"""Bytes at the end of an inline array that hold its layout's length."""
MAX_LAYOUT_BYTES = (1 << 8 * ARRAY_TRAILER) - 1


def wrong_prefix(found: bytes, expected: bytes) -> str:
    """Say what is wrong with bytes that should have started with `expected`.

    >>> wrong_prefix(b"PK34", PREFIX)
    "not an encoded datapoint: it starts with b'PK34', not b'DFC'"
    """
    magic = expected[:-1]
    prefix = found[: len(expected)]
    if not prefix.startswith(magic) or prefix == magic:
        return f"not an encoded datapoint: it starts with {prefix!r}, not {magic!r}"
    return (
        f"the datapoint is in format {prefix[-1]}, this dataflow-core reads format "
        f"{VERSION}: install the dataflow-core that wrote it, or a newer one"
    )
