"""Caffe's `Datum`: one image and its label, as a protocol buffer.

A message is a sequence of fields: a varint that says which field it is and how it is laid out
(number << 3 | wire type), then its value; see https://protobuf.dev/programming-guides/encoding. To
read seven of them takes little code; protobuf itself would tie users to one of its versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_CHANNELS, _HEIGHT, _WIDTH, _DATA, _LABEL, _FLOAT_DATA, _ENCODED = range(1, 8)
_SCALARS: Final = frozenset({_CHANNELS, _HEIGHT, _WIDTH, _LABEL, _ENCODED})

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10

#: How a float of `float_data` is written, each with a tag of its own.
_FLOAT_TAG: Final = _FLOAT_DATA << 3 | _FIXED32
_TAGGED_FLOAT: Final = np.dtype([("tag", "u1"), ("value", "<f4")])


@dataclass(frozen=True)
class Datum:
    """The fields of a message; what it leaves out has the value that Caffe gives it.

    Attributes:
        channels: of an image that is not encoded.
        height: in pixels.
        width: in pixels.
        data: uint8 pixels in the order channel, row, column; or an image file. It lies in the
            memory that was parsed.
        label: of the image.
        float_data: pixels in the same order, instead of `data`.
        encoded: whether `data` is an image file.
    """

    channels: int
    height: int
    width: int
    data: memoryview
    label: int
    float_data: npt.NDArray[np.float32]
    encoded: bool

    def pixels(self) -> npt.NDArray[Any]:
        """Return an image that is not encoded, (height, width, channels) in memory of its own.

        Raises:
            ValueError: if there are not as many pixels as the shape says.
        """
        shape = (self.channels, self.height, self.width)
        flat: npt.NDArray[Any] = self.float_data
        if not flat.size:
            flat = np.frombuffer(self.data, np.uint8)
        if min(shape) < 1 or flat.size != self.channels * self.height * self.width:
            raise ValueError(
                f"a Datum of {self.channels} channels, {self.height} rows and {self.width} columns"
                f" holds {flat.size} values"
            )
        return flat.reshape(shape).transpose(1, 2, 0).copy()


def parse_datum(message: bytes | memoryview) -> Datum:
    """Return the datum that a message describes.

    Raises:
        ValueError: if it is no protocol buffer, or its fields have other types than a Datum's.

    Example:
        >>> datum = parse_datum(bytes.fromhex("0801 1001 1802 2202 07ff 2803"))
        >>> datum.label, datum.pixels().tolist()
        (3, [[[7], [255]]])
    """
    scalars = dict.fromkeys(_SCALARS, 0)
    data = memoryview(b"")
    floats = bytearray()
    for number, wire_type, value in _fields(memoryview(message)):
        if number in _SCALARS and wire_type == _VARINT:
            scalars[number] = value
        elif number == _DATA and wire_type == _BYTES:
            data = value
        elif number == _FLOAT_DATA and wire_type in (_FIXED32, _BYTES):
            floats += value
        elif number in range(_CHANNELS, _ENCODED + 1):
            raise ValueError(f"field {number} has wire type {wire_type}, so this is no Datum")
    return Datum(
        scalars[_CHANNELS],
        scalars[_HEIGHT],
        scalars[_WIDTH],
        data,
        _signed(scalars[_LABEL]),
        np.frombuffer(floats, "<f4"),
        bool(scalars[_ENCODED]),
    )


def _fields(message: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type, and value: an int, or memory of the message."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        wire_type = tag & 7
        if wire_type == _VARINT:
            value, place = _varint(message, place)
            yield tag >> 3, wire_type, value
            continue
        # A tag may be written with more bytes than it needs; those are read one by one.
        if tag == _FLOAT_TAG == message[place - 1]:
            # One by one, the floats of an image would take a second.
            values = _tagged_floats(message[place - 1 :])
            yield _FLOAT_DATA, _FIXED32, values.tobytes()
            place += values.size * _TAGGED_FLOAT.itemsize - 1
            continue
        if wire_type == _BYTES:
            size, place = _varint(message, place)
        elif wire_type in (_FIXED32, _FIXED64):
            size = 4 if wire_type == _FIXED32 else 8
        else:
            raise ValueError(f"byte {place} is no field of a protocol buffer")
        if size > len(message) - place:
            raise ValueError(f"field {tag >> 3} goes on for {size} bytes, behind the message's end")
        yield tag >> 3, wire_type, message[place : place + size]
        place += size


def _tagged_floats(message: memoryview) -> npt.NDArray[np.float32]:
    """Return the floats that the message begins with.

    Raises:
        ValueError: if it ends within the first.
    """
    count = len(message) // _TAGGED_FLOAT.itemsize
    if not count:
        raise ValueError("the message ends within a number")
    found = np.frombuffer(message, _TAGGED_FLOAT, count)
    others = found["tag"] != _FLOAT_TAG
    return found["value"][: int(others.argmax()) if others.any() else count]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a varint and the place behind it."""
    value = 0
    for offset, byte in enumerate(message[place : place + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * offset)
        if byte < 0x80:
            return value, place + offset + 1
    raise ValueError(f"byte {place} begins a number that does not end")


def _signed(value: int) -> int:
    """Return an int32, which is written with the sign extended to 64 bits."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
