"""The chunks of a PNG, and the still image in an animated one.

OpenCV reads an animated PNG in a way of its own, by which damage goes unnoticed: rows that are
missing are what happened to be in memory. The specification lets a decoder that knows of no
animation ignore it; so OpenCV is given the image that is left then.

Sources: PNG specification (third edition) chapter 5 (chunks), 4.9 and 11.3.6 (animation).
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["PNG_START", "png_chunks", "still_png"]

PNG_START = b"\x89PNG\r\n\x1a\n"

_OVERHEAD = 12  # length, type and checksum: 4 bytes each
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each chunk, where it starts and where it ends.

    The last one may end behind the data, if that is cut off.
    """
    position = len(PNG_START)
    while position + _OVERHEAD <= len(data):
        end = position + _OVERHEAD + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], position, end
        position = end


def still_png(data: bytes) -> bytes:
    """Return an animated PNG without its animation, and all other data as it is."""
    if not data.startswith(PNG_START) or not _is_animated(data):
        return data
    chunks = png_chunks(data)
    kept = [data[start:end] for kind, start, end in chunks if kind not in _ANIMATION]
    return b"".join([PNG_START, *kept])


def _is_animated(data: bytes) -> bool:
    """Tell whether the chunk that announces an animation is where it must be: before the image."""
    for kind, _, _ in png_chunks(data):
        if kind in (b"acTL", b"IDAT"):
            return kind == b"acTL"
    return False
