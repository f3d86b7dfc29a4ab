"""Frames as one string of bytes, for stores that keep one value per key.

- 4 bytes: `PACKED_PREFIX`
- u32: number of frames
- u64 for each frame: its length
- the header; then the other frames, each from the next multiple of 64 bytes on, zeros between

Integers are little-endian. Offsets count from the start, so that buffers are aligned if the
string is.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

from dataflow_core.codec import wire
from dataflow_core.codec.decoder import DecodeFallback, decode
from dataflow_core.codec.encoder import EncodeFallback, Frame, encode
from dataflow_core.codec.limits import DEFAULT, Limits
from dataflow_core.errors import CodecError

_START = struct.Struct("<4sI")
_ONE_FRAME = struct.Struct("<4sIQ")
_ZEROS = bytes(wire.ALIGNMENT)


def dumps(
    datapoint: object,
    *,
    fallback: EncodeFallback | None = None,
    limits: Limits = DEFAULT,
) -> bytes:
    """Turn a datapoint into one self-contained string of bytes.

    Args:
        datapoint: as for `encode`.
        fallback: as for `encode`.
        limits: as for `encode`.

    Raises:
        CodecError: as `encode`.

    >>> loads(dumps([1, (2, 3)]))
    [1, (2, 3)]
    """
    frames = encode(datapoint, fallback=fallback, limits=limits)
    header = frames[0]
    if len(frames) == 1:
        return _ONE_FRAME.pack(wire.PACKED_PREFIX, 1, len(header)) + header
    lengths = [len(frame) for frame in frames]
    parts: list[Frame] = [
        _START.pack(wire.PACKED_PREFIX, len(frames)),
        _table(len(frames)).pack(*lengths),
        header,
    ]
    end = _START.size + 8 * len(frames) + lengths[0]
    for frame, length in zip(frames[1:], lengths[1:], strict=True):
        padding = -end % wire.ALIGNMENT
        parts += (_ZEROS[:padding], frame)
        end += padding + length
    return b"".join(parts)


def loads(
    data: Any,
    *,
    copy: bool = False,
    fallback: DecodeFallback | None = None,
    limits: Limits = DEFAULT,
) -> Any:
    """Turn what `dumps` returned back into the datapoint.

    Args:
        data: bytes, or anything else with the buffer protocol, such as an LMDB value.
        copy: as for `decode`; True if `data` is valid for a while only.
        fallback: as for `decode`.
        limits: as for `decode`.

    Raises:
        CodecError: as `decode`, and if `data` was cut or lengthened.
    """
    try:
        view = memoryview(data)
        if view.format != "B" or view.ndim != 1:
            view = view.cast("B")
    except TypeError as error:
        raise CodecError(
            f"a datapoint's bytes are expected, not {type(data).__name__}: {error}"
        ) from error
    return decode(_frames(view, limits), copy=copy, fallback=fallback, limits=limits)


def _frames(view: memoryview, limits: Limits) -> list[memoryview]:
    size = len(view)
    if size < _ONE_FRAME.size:
        raise CodecError(f"{size} bytes are too few for a datapoint")
    magic, count, length = _ONE_FRAME.unpack_from(view)
    if magic != wire.PACKED_PREFIX:
        raise CodecError(wire.wrong_prefix(magic, wire.PACKED_PREFIX))
    if count == 1:
        end = _ONE_FRAME.size + length
        frames = [view[_ONE_FRAME.size : end]]
    else:
        table = _START.size + 8 * count
        if not 1 <= count <= limits.max_frames or table > size:
            raise CodecError(f"{size} bytes claim to be {count} frames")
        lengths = _table(count).unpack_from(view, _START.size)
        end = table + lengths[0]
        frames = [view[table:end]]
        for length in lengths[1:]:
            start = end + -end % wire.ALIGNMENT
            end = start + length
            frames.append(view[start:end])
    if end != size:
        raise CodecError(
            f"the frames take {end} bytes, there are {size}: cut, lengthened or damaged"
        )
    return frames


# Not struct's own cache: it is looked up by a format that would have to be put together first.
@lru_cache(maxsize=64)
def _table(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}Q")
