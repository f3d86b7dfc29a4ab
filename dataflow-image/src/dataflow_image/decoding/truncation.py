"""Tell whether the bytes of an image file stop before the image does.

Some builds of OpenCV decode half a JPEG without complaint and paint the rest grey, so the
decoder's word is not enough. The formats that state where they end are checked here; for any
other format the decoder has the last word.

Sources: ITU-T T.81 annex B (JPEG markers), PNG specification chapter 5 (chunks), RFC 9649 (WebP).
"""

from __future__ import annotations

import re

from dataflow_image.decoding.png import PNG_START, png_chunks

__all__ = ["jpeg_end", "missing_end"]

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
# In entropy-coded data 0xFF is followed by a stuffed zero, a restart marker or fill bytes; any
# other pair is the next real marker.
_JPEG_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


def missing_end(data: bytes) -> str | None:
    r"""Name the end that is missing from `data`, or return None if nothing is known to be missing.

    Bytes that follow a complete image (padding, a phone's trailer) are no fault.

    >>> missing_end(b"\xff\xd8\xff\xe0")
    'the JPEG end-of-image marker'
    >>> missing_end(b"\xff\xd8\xff\xd9") is None
    True
    """
    if data.startswith(_JPEG_START):
        return None if jpeg_end(data) is not None else "the JPEG end-of-image marker"
    if data.startswith(PNG_START):
        return None if _png_is_complete(data) else "the PNG end chunk (IEND)"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        missing = int.from_bytes(data[4:8], "little") + 8 - len(data)
        return f"the last {missing} bytes of the WebP container" if missing > 0 else None
    return None


def jpeg_end(data: bytes) -> int | None:
    r"""Return where the end marker of a JPEG is, or None if it is missing.

    >>> jpeg_end(b"\xff\xd8\xff\xd9 and a trailer")
    2
    """
    if data.endswith(_JPEG_END):
        return len(data) - len(_JPEG_END)
    # An embedded thumbnail has an end marker of its own, so segments are stepped over one by one.
    position = len(_JPEG_START)
    while (found := _JPEG_NEXT_MARKER.search(data, position)) is not None:
        marker = data[found.start() + 1]
        if marker == _JPEG_END[1]:
            return found.start()
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        position = found.end() + length
        if length < 2 or position > len(data):
            return None
    return None


def _png_is_complete(data: bytes) -> bool:
    return any(kind == b"IEND" and end <= len(data) for kind, _, end in png_chunks(data))
