"""Decode the upper part of a JPEG alone.

A JPEG is decoded from top to bottom, so what lies below the last row that somebody looks at need
not be. OpenCV has no call for that; but it believes the header, so it is given one that tells of
fewer rows. The rows it returns are those of the whole image, to the bit: enough rows more are
decoded that no filter of the decoder reaches beyond them.

Sources: ITU-T T.81 annex B (headers) and A.2 (how blocks are ordered).
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.decoding.exif import exif_orientation
from dataflow_image.decoding.tiff import UPRIGHT
from dataflow_image.decoding.truncation import jpeg_end

__all__ = ["JpegRows", "jpeg_rows"]

_START = b"\xff\xd8"
_SEGMENT = struct.Struct(">BBH")
_FRAME = struct.Struct(">BHHB")
_SIZE = struct.Struct(">HH")
_HEIGHT = struct.Struct(">H")
_SEQUENTIAL_FRAMES = frozenset({0xC0, 0xC1})
_TABLES = frozenset({0xC4, 0xDB, 0xFE, *range(0xE0, 0xF0)})
_MORE_IMAGES = b"MPF\x00"
_XMP = b"http://ns.adobe.com/"
_BLOCK = 8
_APP1, _APP2 = 0xE1, 0xE2
_SCAN = 0xDA
_MARKER = 0xFF
_BITS = 8
_COMPONENTS = (1, 3)

# Within so many bytes the quality shows, which is what headers of one tool differ in.
_TELLING = 64

# A header may be as long as its thumbnail, so these are not many.
_MOST_KNOWN = 16


class JpegRows(NamedTuple):
    """A JPEG whose upper part can be had alone.

    Attributes:
        data: as in the file.
        height: of the stored image, in pixels.
        width: likewise.
        orientation: by EXIF, 1 to 8; 1 is upright.
        height_at: where in `data` the header tells the height.
        end: where in `data` the end marker is.
        ahead: rows of which the decoder's filter makes one row of a smaller colour plane; it looks
            no further than into the next.
    """

    data: bytes
    height: int
    width: int
    orientation: int
    height_at: int
    end: int
    ahead: int

    def down_to(self, rows: int) -> npt.NDArray[np.uint8] | None:
        """Return a JPEG of at least the upper `rows` rows; None if that is the whole."""
        height = rows + self.ahead
        step = _BLOCK * self.ahead
        if (height - 1) // step >= (self.height - 1) // step:
            # All is read to the last row of blocks, which asks for the end marker.
            return None
        # Without its end marker nobody wonders about the data between the last row and it.
        upper = bytearray(memoryview(self.data)[: self.end])
        _HEIGHT.pack_into(upper, self.height_at, height)
        return np.frombuffer(upper, np.uint8)


def jpeg_rows(data: bytes) -> JpegRows | None:
    """Return the JPEG in `data` if it is one of those whose upper part can be had alone.

    That is, sequential and in one scan, as cameras and the usual tools write it; nothing in its
    header is out of the ordinary; and OpenCV says when data ends too early, as since 4.11.

    >>> import cv2
    >>> _, jpeg = cv2.imencode(".jpg", np.zeros((40, 60, 3), np.uint8))
    >>> found = jpeg_rows(jpeg.tobytes())
    >>> found is None or (found.height, found.width, found.ahead) == (40, 60, 2)
    True
    >>> jpeg_rows(b"RIFF") is None
    True
    """
    begin = data[:_TELLING]
    header = _known.get(begin)
    if header is None or not header.begins(data):
        header = _header_of(data)
        if header is not None:
            _remember(header, begin)
    if header is None or not _cut_off_is_noticed():
        return None
    height, width = _SIZE.unpack_from(data, header.height_at)
    end = jpeg_end(data)
    if not height or not width or end is None or end < header.scan_at:
        return None
    return JpegRows(data, height, width, header.orientation, header.height_at, end, header.ahead)


class _Header(NamedTuple):
    """What is in front of the scan, but for height and width.

    Attributes:
        before: all up to the height.
        after: all from behind the width, up to the scan's number of components.
        orientation: see `JpegRows`.
        ahead: see there.
    """

    before: bytes
    after: bytes
    orientation: int
    ahead: int

    @property
    def height_at(self) -> int:
        return len(self.before)

    @property
    def scan_at(self) -> int:
        return len(self.before) + _SIZE.size + len(self.after)

    def begins(self, data: bytes) -> bool:
        """Tell whether this is what a JPEG begins with."""
        before = self.before
        return data.startswith(before) and data.startswith(self.after, len(before) + _SIZE.size)


#: Headers that were met, by what they begin with: the next one is most likely of the same camera
#: or tool, and differs in its size alone.
_known: dict[bytes, _Header] = {}


def _remember(header: _Header, begin: bytes) -> None:
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[begin] = header


def _header_of(data: bytes) -> _Header | None:
    """Return the header; None where something in it is not as expected."""
    if not data.startswith(_START):
        return None
    try:
        return _walk(data)
    except (struct.error, IndexError):
        # Cut off within the header.
        return None


def _walk(data: bytes) -> _Header | None:
    """Go from segment to segment, up to the scan."""
    position, frame = len(_START), 0
    ahead = count = 0
    orientation: int | None = None
    while True:
        start, marker, length = _SEGMENT.unpack_from(data, position)
        if start != _MARKER:
            return None
        if marker in _TABLES:
            body = position + _SEGMENT.size
            if marker == _APP1 and not data.startswith(_XMP, body):
                segment = data[body : position + 2 + length]
                if orientation is not None or (orientation := exif_orientation(segment)) is None:
                    # Odd, or there twice: whether OpenCV turns the image is for it to say.
                    return None
            elif marker == _APP2 and data.startswith(_MORE_IMAGES, body):
                return None
        elif marker in _SEQUENTIAL_FRAMES and not frame:
            frame = position + _SEGMENT.size
            components = _components(data[frame : position + 2 + length])
            if components is None:
                return None
            count, ahead = components
        elif marker == _SCAN and ahead and data[position + _SEGMENT.size] == count:
            break
        else:
            return None
        position += 2 + length
    before, behind = frame + 1, frame + 1 + _SIZE.size
    after = data[behind : position + _SEGMENT.size + 1]
    return _Header(data[:before], after, orientation or UPRIGHT, ahead)


def _components(frame: bytes) -> tuple[int, int] | None:
    """Return how many components a frame has, and the largest of their sampling factors down.

    None if that, or their depth, is out of the ordinary.
    """
    bits, _, _, count = _FRAME.unpack_from(frame)
    # Each component's second byte tells how often it is sampled, across and down.
    sampled_down = [sampling & 0xF for sampling in frame[_FRAME.size + 1 :: 3]]
    if bits != _BITS or count not in _COMPONENTS or len(sampled_down) != count:
        return None
    return count, max(sampled_down)


@cache
def _cut_off_is_noticed() -> bool:
    """Tell whether this OpenCV refuses a JPEG whose data ends too early, instead of guessing."""
    noise = np.random.default_rng(0).integers(256, size=(64, 64), dtype=np.uint8)
    _, jpeg = cv2.imencode(".jpg", noise)
    return cv2.imdecode(jpeg[: len(jpeg) // 2], cv2.IMREAD_GRAYSCALE) is None
