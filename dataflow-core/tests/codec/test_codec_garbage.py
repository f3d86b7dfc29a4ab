"""Garbage: a CodecError or a value, in little time and little memory."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
import pytest
from codec_values import values
from hypothesis import example, given
from hypothesis import strategies as st

from dataflow_core.codec import Limits, decode, dumps, encode, loads, wire
from dataflow_core.errors import CodecError

PER_BYTE = 64
AT_MOST = 512 << 10


def bounded(read: Callable[[], object], received: int) -> object:
    """What `read` returns or the CodecError it raises; its peak of memory is bounded."""
    tracemalloc.start()
    try:
        return read()
    except CodecError as error:
        return error
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= PER_BYTE * received + AT_MOST, (peak, received)


def check(data: bytes) -> None:
    """Read `data` every way there is."""
    for copy in (False, True):
        bounded(lambda copy=copy: loads(data, copy=copy), len(data))  # type: ignore[misc]
        bounded(lambda copy=copy: decode([wire.PREFIX + data], copy=copy), len(data))  # type: ignore[misc]
        bounded(lambda copy=copy: decode([data, data], copy=copy), 2 * len(data))  # type: ignore[misc]


def ext(code: int, payload: bytes) -> bytes:
    """One ext token."""
    return bytes(msgpack.packb(msgpack.ExtType(code, payload)))


def layout(dtype: str, *shape: int, order: int = 0) -> bytes:
    """A layout, true or not."""
    return bytes([len(shape) | order]) + struct.pack(f"<{len(shape)}Q", *shape) + dtype.encode()


def inline(raw: bytes, layout: bytes) -> bytes:
    """An inline array's payload."""
    return raw + layout + struct.pack("<H", len(layout))


tokens = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\xc0", b"\x01", b"\x90", b"\x80", b"\xdd\0\0\xff\xff", b"\xdf\0\0\xff\xff"]),
    st.builds(ext, st.integers(0, 25), st.binary(max_size=12)),
    st.builds(
        lambda code, count: ext(code, count.to_bytes(2, "little")),
        st.integers(0, 2),
        st.integers(0, 6) | st.integers(0, 65535),
    ),
    st.builds(
        lambda code, raw, dtype, shape, order: ext(
            code, inline(raw, layout(dtype, *shape, order=order))
        ),
        st.sampled_from([wire.ARRAY, wire.SCALAR, wire.ARRAY_FRAME]),
        st.binary(max_size=16),
        st.sampled_from(["|u1", "<f4", "|V0", "|S0", "<U0", "<M8[s]", "|O", "object", "<f16/63"])
        | st.text(max_size=8),
        st.lists(st.integers(0, 4) | st.integers(0, (1 << 64) - 1), max_size=3),
        st.sampled_from([0, 0x80]),
    ),
)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_harmless(data: bytes) -> None:
    check(data)


@given(st.lists(tokens, max_size=30))
def test_arbitrary_tokens_are_harmless(parts: list[bytes]) -> None:
    body = b"\xdc" + struct.pack(">H", len(parts)) + b"".join(parts)
    header = wire.PREFIX + body
    for frames in ([header], [header, b"12345678"]):
        bounded(lambda frames=frames: decode(frames, fallback=bytes.decode), len(header))  # type: ignore[misc]
        bounded(lambda frames=frames: decode(frames, copy=True), len(header))  # type: ignore[misc]


@given(values, st.data())
def test_damaged_encodings_are_harmless(value: Any, data: st.DataObject) -> None:
    packed = bytearray(dumps(value))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(packed) - 1))
        match data.draw(st.sampled_from(["flip", "set", "cut", "insert", "append"])):
            case "flip":
                packed[position] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                packed[position] = data.draw(st.sampled_from([0, 1, 0x90, 0xDC, 0xDD, 0xDF, 0xFF]))
            case "cut":
                del packed[position + 1 :]
            case "insert":
                packed[position:position] = data.draw(st.binary(max_size=9))
            case _:
                packed += data.draw(st.binary(max_size=9))
    for copy in (False, True):
        bounded(lambda copy=copy: loads(bytes(packed), copy=copy), len(packed))  # type: ignore[misc]


@given(values, st.data())
def test_damaged_headers_are_harmless(value: Any, data: st.DataObject) -> None:
    header, *frames = encode(value)
    damaged = bytearray(header)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(4, len(damaged) - 1))
        damaged[position] = data.draw(st.integers(0, 255))
    size = len(damaged) + sum(len(frame) for frame in frames)
    bounded(lambda: decode([damaged, *frames], copy=True), size)


HUGE = (1 << 64) - 1
HOSTILE = {
    "an array that declares 4 Gi": b"\xdd\xff\xff\xff\xff",
    "nested arrays, each as long as the input": b"\xdc\x00\x01" + b"\xdc\xff\xf0" * 30_000,
    "nested arrays in few bytes": b"\x91" + b"\xdc\x00\xff" * 80,
    "nested short arrays": b"\x91" * 5000,
    "a flat array, and nested ones in it": b"\x9f" + b"\x9f" * 200,
    "a map that declares 4 Gi": b"\x91\xdf\xff\xff\xff\xff",
    "a string that declares 4 Gi": b"\x91\xdb\xff\xff\xff\xff",
    "an ext that declares 4 Gi": b"\x91\xc9\xff\xff\xff\xff\x0d",
    "a timestamp": b"\x93\xd6\xff\0\0\0\0\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff\xc7\x0c\xff"
    + b"\xff" * 12,
    "a timestamp of the wrong size": b"\x91\xd4\xff\0",
    "invalid UTF-8": b"\x91\xa1\xff",
    "a list of 2**63": b"\x91" + ext(wire.LIST, b"\xff" * 7 + b"\x7f"),
    "a list of 2**4096": b"\x91" + ext(wire.LIST, b"\xff" * 512),
    "a dict of 2**63": b"\x91" + ext(wire.DICT, b"\xff" * 7 + b"\x7f"),
    "lists in lists": b"\xdc\xff\xff" + ext(wire.LIST, b"\x01") * 65535,
    "long lists in long lists": b"\xdc\x0f\xff"
    + b"".join(ext(wire.LIST, n.to_bytes(4, "little")) for n in range(4094, -1, -1)),
    "a list as a key": b"\x93" + ext(wire.DICT, b"\x01") + ext(wire.LIST, b"\x00") + b"\x01",
    "an array as a key": b"\x93"
    + ext(wire.DICT, b"\x01")
    + ext(wire.ARRAY, inline(b"\x01", layout("|u1", 1)))
    + b"\x01",
    "the same key twice": b"\x95" + ext(wire.DICT, b"\x02") + b"\x01\x01\xc3\x01",
    "an array of 2**64 - 1 bytes": b"\x91" + ext(wire.ARRAY, inline(b"", layout("|u1", HUGE))),
    "a shape whose product is 0 modulo 2**64": b"\x91"
    + ext(wire.ARRAY, inline(b"", layout("|u1", 1 << 32, 1 << 32))),
    "a product that is right modulo 2**64": b"\x91"
    + ext(wire.ARRAY, inline(b"\0" * 8, layout("<f8", (1 << 61) + 1))),
    "2**63 items without a byte": b"\x91" + ext(wire.ARRAY, inline(b"", layout("|V0", 1 << 62))),
    "a shape of 0 and 2**64 - 1": b"\x91" + ext(wire.ARRAY, inline(b"", layout("<f8", 0, HUGE))),
    "127 dimensions": b"\x91" + ext(wire.ARRAY, inline(b"", layout("|u1", *[0] * 127))),
    "64 dimensions": b"\x91" + ext(wire.ARRAY, inline(b"\0", layout("|u1", *[1] * 64))),
    "no layout": b"\x91" + ext(wire.ARRAY, b""),
    "a layout longer than the array": b"\x91" + ext(wire.ARRAY, b"\xff\xff"),
    "objects": b"\x91" + ext(wire.ARRAY, inline(b"\0" * 8, layout("|O", 1))),
    "objects in a struct": b"\x91"
    + ext(
        wire.ARRAY,
        inline(
            b"\0" * 8,
            layout('{"size":8,"fields":[["a",0,null,"|O"]],"aligned":false,"record":false}', 1),
        ),
    ),
    "a dtype of 2 GiB": b"\x91" + ext(wire.SCALAR, inline(b"", layout("|V2147483647"))),
    "a dtype beyond any machine": b"\x91" + ext(wire.SCALAR, inline(b"", layout("|S9999999999"))),
    "a dtype in Python's syntax": b"\x91"
    + ext(wire.ARRAY, inline(b"", layout("i4,(1000000,)f8", 0))),
    "a subarray of 10**18": b"\x91"
    + ext(
        wire.ARRAY,
        inline(
            b"",
            layout(
                '{"size":8,"fields":[["a",0,null,["<f8",[1000000000,1000000000]]]],'
                '"aligned":false,"record":false}',
                0,
            ),
        ),
    ),
    "a deep struct": b"\x91" + ext(wire.ARRAY, inline(b"", layout('{"fields":' + "[" * 50_000, 0))),
    "a struct of a wrong kind": b"\x91" + ext(wire.ARRAY, inline(b"", layout('{"fields":5}', 0))),
    "a field outside of its struct": b"\x91"
    + ext(
        wire.ARRAY,
        inline(
            b"\0",
            layout('{"size":1,"fields":[["a",9,null,"<f8"]],"aligned":false,"record":false}', 1),
        ),
    ),
    "a complex of 3 bytes": b"\x91" + ext(wire.COMPLEX, b"123"),
    "an empty big integer": b"\x91" + ext(wire.BIG_INT, b""),
    "an unknown kind": b"\x91" + ext(127, b""),
    "a frame that is not there": b"\x91" + ext(wire.BYTES_FRAME, b""),
    "two values": b"\x92\x01\x02",
    "no value": b"\x90",
    "not an array": b"\x01",
    "a map": b"\x81\x01\x01",
    "bytes after the end": b"\x91\x01\x01",
    "half a token after the end": b"\x91\x01\xcd",
    "half a token after a long end": b"\x91\xda\x03\xe8" + b"x" * 1000 + b"\xcd\x01",
    "fewer tokens than a long header declares": b"\x92\xda\x03\xe8" + b"x" * 1000,
    "an array of msgpack's own": b"\x92" + ext(wire.LIST, b"\x01") + b"\x91\x01",
    "an array of msgpack's own in a long header": b"\x93"
    + ext(wire.LIST, b"\x02")
    + b"\xda\x03\xe8"
    + b"x" * 1000
    + b"\x90",
    "a thousand arrays in arrays": b"\xdc\x00\x20" * 1100,
    "a thousand short arrays in arrays": b"\x9f" * 1100,
    "a map of msgpack's own": b"\x92" + ext(wire.LIST, b"\x01") + b"\x80",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("padding", [0, 1000])
def test_hostile_headers_are_cheap(body: bytes, padding: int) -> None:
    # Padded, they take the other path, for long headers.
    filler = msgpack.packb("x" * padding) if padding else b""
    started = time.process_time()
    for copy in (False, True):
        bounded(lambda copy=copy: decode([wire.PREFIX + body + filler], copy=copy), len(body))  # type: ignore[misc]
    assert time.process_time() - started < 2


HARMLESS = {"a timestamp", "64 dimensions", "an empty big integer", "a dtype of 2 GiB"}


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - HARMLESS))
def test_hostile_headers_are_refused(name: str) -> None:
    with pytest.raises(CodecError):
        decode([wire.PREFIX + HOSTILE[name]])


def test_an_inline_array_must_hold_its_layout() -> None:
    with pytest.raises(CodecError, match="shorter than its layout"):
        decode([wire.PREFIX + b"\x91" + ext(wire.ARRAY, b"\0\1\x05\0")])


def test_colliding_keys_cannot_stall_the_reader() -> None:
    modulus = (1 << 61) - 1
    count = 50_000
    body = [msgpack.ExtType(wire.DICT, count.to_bytes(4, "little"))]
    for step in range(10, 10 + count):
        body += [msgpack.ExtType(wire.BIG_INT, (modulus * step).to_bytes(12, "little")), None]
    started = time.perf_counter()
    with pytest.raises(CodecError, match="max_rare_keys"):
        decode([wire.PREFIX + msgpack.packb(body)])
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("count", [0, 1, 2, 1000, (1 << 32) - 1])
@pytest.mark.parametrize("length", [0, 1, 1 << 40, (1 << 64) - 1])
def test_a_false_frame_table_is_cheap(count: int, length: int) -> None:
    data = wire.PACKED_PREFIX + struct.pack("<I", count) + struct.pack("<Q", length) * 3 + bytes(64)
    assert isinstance(bounded(lambda: loads(data), len(data)), CodecError)
    unlimited = Limits(max_frames=1 << 40, max_bytes=1 << 70)
    assert isinstance(bounded(lambda: loads(data, limits=unlimited), len(data)), CodecError)


@pytest.mark.parametrize("kind", ["list", "tuple", "dict", "none", "array", "text", "scalar"])
def test_what_is_small_in_bytes_stays_small_in_memory(kind: str) -> None:
    item: Any = {
        "list": [],
        "tuple": (None,),
        "dict": {1: 1},
        "none": None,
        "array": np.zeros(0, np.uint8),
        "text": "ab",
        "scalar": np.uint8(1),
    }[kind]
    data = dumps([item] * 20_000)
    result = bounded(lambda: loads(data), len(data))
    assert isinstance(result, list)
    assert len(result) == 20_000


@example(np.zeros(3, [("a", "i4")]))
@given(values)
def test_a_flipped_bit_never_yields_another_size(value: Any) -> None:
    data = bytearray(dumps(value))
    for position in range(min(len(data), 64)):
        data[position] ^= 0x80
        bounded(lambda: loads(bytes(data)), len(data))
        data[position] ^= 0x80
