"""The fields of a TIFF's first directory, which is that of the image that is decoded.

EXIF metadata are such a directory, too.

Sources: TIFF 6.0 section 2; "The BigTIFF File Format" (libtiff), in which offsets have 8 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = [
    "ORIENTATION",
    "TIFF_STARTS",
    "UPRIGHT",
    "TiffField",
    "tiff_fields",
    "tiff_size",
    "unturned_tiff",
]

ORIENTATION: Final = 0x0112
"""The tag of the field that tells how the image is to be turned, 1 to 8."""

UPRIGHT: Final = 1
"""The orientation of an image that need not be turned."""

TIFF_STARTS: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_BIG = (b"+\x00", b"\x00+")
_WIDTH = 0x0100
_HEIGHT = 0x0101
_MOST_FIELDS = 0xFFFF
# By the number of a type: an unsigned integer as long as one of its values.
_TYPES = dict(enumerate("BBHIQBBHIQIQI", 1)) | dict.fromkeys((16, 17, 18), "Q")


class TiffField(NamedTuple):
    """One field of a directory.

    Attributes:
        tag: what it tells.
        format: of one of its values, as `struct` has it.
        at: where in the data its values are.
        size: of all its values, in bytes; 0 if there are none, or their type is unknown.
    """

    tag: int
    format: str
    at: int
    size: int

    def first(self, data: bytes) -> int:
        """Return the first of its values, of which there are some, as an unsigned integer.

        Raises:
            struct.error, OverflowError: it is not within the data.
        """
        (value,) = struct.unpack_from(self.format, data, self.at)
        return int(value)


def tiff_fields(data: bytes) -> Iterator[TiffField]:
    """Yield the fields of the first directory, in the order of the file.

    Args:
        data: as it begins with one of `TIFF_STARTS`.

    Raises:
        struct.error, OverflowError: the directory is not within the data.
    """
    order = _BYTE_ORDERS[data[:2]]
    big = data[2:4] in _BIG
    offset, count = ("Q", "Q") if big else ("I", "H")
    (directory,) = struct.unpack_from(f"{order}{offset}", data, 8 if big else 4)
    (fields,) = struct.unpack_from(f"{order}{count}", data, directory)
    entry = struct.Struct(f"{order}HH{offset}{offset}")
    room = struct.calcsize(offset)
    position = directory + struct.calcsize(count)
    for _ in range(min(fields, _MOST_FIELDS)):
        tag, kind, number, elsewhere = entry.unpack_from(data, position)
        position += entry.size
        value = order + _TYPES.get(kind, "")
        size = number * struct.calcsize(value)
        yield TiffField(tag, value, elsewhere if size > room else position - room, size)


def tiff_size(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of the first image, None if they are not told.

    Raises:
        struct.error, OverflowError: the directory is not within the data.
    """
    found: dict[int, int] = {}
    for field in tiff_fields(data):
        # Of several the first counts, as in libtiff.
        if field.tag in (_HEIGHT, _WIDTH) and field.tag not in found:
            if not field.size:
                return None
            found[field.tag] = field.first(data)
            if len(found) == 2:
                return found[_HEIGHT], found[_WIDTH]
    return None


def unturned_tiff(data: bytes) -> bytes:
    """Return a TIFF whose image is upright as it is stored, and all other data as it is.

    OpenCV turns TIFFs whatever its flags say, so the file is made to ask for nothing.
    """
    if not data.startswith(TIFF_STARTS):
        return data
    try:
        for field in tiff_fields(data):
            if field.tag == ORIENTATION and field.size:
                upright = bytearray(data)
                struct.pack_into(field.format, upright, field.at, UPRIGHT)
                return bytes(upright)
    except (struct.error, OverflowError):
        # Broken: the decoder will say so.
        return data
    return data
