"""Read from EXIF metadata how an image is to be turned.

Decoders differ in what they make of metadata that are odd, so those are told from the others.

Source: Exif 2.3 section 4.6.
"""

from __future__ import annotations

import struct
from typing import Final

from dataflow_image.decoding.tiff import TIFF_STARTS, tiff_fields

__all__ = ["EXIF_START", "UPRIGHT", "exif_orientation"]

UPRIGHT: Final = 1
"""The EXIF orientation of an image that need not be turned."""

EXIF_START: Final = b"Exif\x00\x00"

_ORIENTATION_TAG = 0x0112
_LAST_ORIENTATION = 8
_ROOM = 4


def exif_orientation(segment: bytes) -> int | None:
    """Return the orientation in an APP1 segment as OpenCV reads it, 1 to 8.

    It takes two bytes for the value, whatever type of field they are said to be. Where something is
    wrong with the metadata up to that field, or with all if it is missing, the answer is None.
    """
    tiff = segment[len(EXIF_START) :]
    if not segment.startswith(EXIF_START) or not tiff.startswith(TIFF_STARTS):
        return None
    last_tag = -1
    try:
        for field in tiff_fields(tiff):
            tag, form, at, size = field
            if tag <= last_tag or not size or at + size > len(tiff):
                return None
            if tag == _ORIENTATION_TAG:
                if size > _ROOM:
                    return None
                (value,) = struct.unpack_from(f"{form[0]}H", tiff, at)
                return value if UPRIGHT <= value <= _LAST_ORIENTATION else UPRIGHT
            last_tag = tag
    except struct.error:
        return None
    return UPRIGHT
