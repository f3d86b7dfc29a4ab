"""Read from EXIF metadata how an image is to be turned.

Decoders differ in what they make of metadata that are odd, so those are told from the others.

Source: Exif 2.3 section 4.6.
"""

from __future__ import annotations

import struct

from dataflow_image.decoding.tiff import ORIENTATION, UPRIGHT, tiff_fields

__all__ = ["exif_orientation"]

_STARTS = (b"Exif\x00\x00II*\x00", b"Exif\x00\x00MM\x00*")
_TIFF_AT = 6
_LAST_ORIENTATION = 8
_ROOM = 4


def exif_orientation(segment: bytes) -> int | None:
    """Return the orientation in an APP1 segment as OpenCV reads it, 1 to 8.

    It takes two bytes for the value, whatever type of field they are said to be. Where something is
    wrong with the metadata up to that field, or with all if it is missing, the answer is None.
    """
    if not segment.startswith(_STARTS):
        return None
    tiff = segment[_TIFF_AT:]
    last_tag = -1
    try:
        for field in tiff_fields(tiff):
            tag, form, at, size = field
            if tag <= last_tag or not size or at + size > len(tiff):
                return None
            if tag == ORIENTATION:
                if size > _ROOM:
                    return None
                (value,) = struct.unpack_from(f"{form[0]}H", tiff, at)
                return value if UPRIGHT <= value <= _LAST_ORIENTATION else UPRIGHT
            last_tag = tag
    except struct.error:
        return None
    return UPRIGHT
