"""Read the size of an image from its header, before anything is decoded.

So a file that claims to be enormous costs nothing, and a crop can be drawn before the decoder is
told how much of the image is needed. Formats that are not known here give None.

Sources: ITU-T T.81 annex B (JPEG frame header), PNG specification section 11.2.2 (IHDR), RFC 9649
(WebP), RFC 6386 section 9.1 (VP8), GIF89a section 18 (logical screen).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from dataflow_image.decoding.exif import exif_orientation
from dataflow_image.decoding.png import PNG_START
from dataflow_image.decoding.tiff import TIFF_STARTS, UPRIGHT, tiff_size

__all__ = ["ImageHeader", "read_header"]

_GIF_STARTS = (b"GIF87a", b"GIF89a")
_JPEG_START = b"\xff\xd8"
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SCAN = 0xDA
_JPEG_APP1 = 0xE1
_FIRST_SIDEWAYS = 5


class ImageHeader(NamedTuple):
    """What a header says.

    Attributes:
        format: "jpeg", "png", "webp", "gif" or "tiff".
        height: of the stored image, in pixels.
        width: likewise.
        orientation: by EXIF, 1 to 8; 1 is upright, and what stands for unclear ones. It is read
            from JPEG only.
    """

    format: str
    height: int
    width: int
    orientation: int = UPRIGHT

    def upright(self) -> tuple[int, int]:
        """Return (height, width) of the image once it is turned as its orientation says.

        >>> ImageHeader("jpeg", 40, 60, orientation=6).upright()
        (60, 40)
        """
        sideways = self.orientation >= _FIRST_SIDEWAYS
        return (self.width, self.height) if sideways else (self.height, self.width)


def read_header(data: bytes) -> ImageHeader | None:
    r"""Return what the header says, or None for another format and for a header that is broken.

    >>> read_header(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x07\x00\x00\x00\x05")
    ImageHeader(format='png', height=5, width=7, orientation=1)
    >>> read_header(b"BM") is None
    True
    """
    try:
        if data.startswith(_JPEG_START):
            return _jpeg(data)
        if data.startswith(PNG_START) and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
            return ImageHeader("png", height, width)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data.startswith(_GIF_STARTS):
            width, height = struct.unpack_from("<HH", data, 6)
            return ImageHeader("gif", height, width)
        if data.startswith(TIFF_STARTS):
            size = tiff_size(data)
            return None if size is None else ImageHeader("tiff", *size)
    except (struct.error, OverflowError):
        # Cut off, or an offset that no file is long enough for: the decoder will say so.
        return None
    return None


def _jpeg(data: bytes) -> ImageHeader | None:
    position = len(_JPEG_START)
    orientation: int | None = None
    # What lies between segments is skipped, as by libjpeg.
    while (found := _JPEG_MARKER.search(data, position)) is not None:
        marker, position = found.group(1)[0], found.end()
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            return ImageHeader("jpeg", height, width, orientation or UPRIGHT)
        if marker == _JPEG_SCAN:
            return None
        (length,) = struct.unpack_from(">H", data, position)
        if marker == _JPEG_APP1 and orientation is None:
            orientation = exif_orientation(data[position + 2 : position + length])
        position += length
    return None


def _webp(data: bytes) -> ImageHeader | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return ImageHeader("webp", height, width)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageHeader("webp", height & 0x3FFF, width & 0x3FFF)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return ImageHeader("webp", (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1)
    return None
