"""Frames to a datapoint, trusting none of them.

Every count and length is compared with what was really received before anything of that size is
made, so that garbage costs at most a small multiple of its own size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgpack import UnpackException

from dataflow_core.codec import wire
from dataflow_core.codec.layout import Array, Layout, read_layout
from dataflow_core.codec.limits import DEFAULT, Limits
from dataflow_core.codec.rare_keys import count_rare_keys
from dataflow_core.codec.tokens import unpack_tokens
from dataflow_core.errors import CodecError

DecodeFallback = Callable[[bytes], object]

_COMPLEX = struct.Struct("<dd")
# What msgpack, struct and NumPy raise for bytes that are not what they should be.
_BAD_BYTES = (ValueError, TypeError, OverflowError, BufferError, struct.error, UnpackException)


def decode(
    frames: Sequence[Any],
    *,
    copy: bool = False,
    fallback: DecodeFallback | None = None,
    limits: Limits = DEFAULT,
) -> Any:
    """Turn frames back into the datapoint that `encode` was given.

    Args:
        frames: bytes, or anything else with the buffer protocol, as `encode` returned them.
        copy: False: arrays are views of the frames' memory, and can be written to if it can be;
            small ones own theirs. True: every array owns its memory.
        fallback: the inverse of the one that was given to `encode`. `pickle.loads` runs whatever
            code the writer chose: only for writers you trust.
        limits: what to accept.

    Raises:
        CodecError: the frames are no datapoint, exceed the limits, or need a fallback.

    >>> from dataflow_core.codec import encode
    >>> decode(encode([(1, 2.5), "label", {"id": None}]))
    [(1, 2.5), 'label', {'id': None}]
    """
    if len(frames) > limits.max_frames:
        raise CodecError(
            f"{len(frames)} frames are more than Limits.max_frames = {limits.max_frames}"
        )
    try:
        return _Reader(frames, copy, fallback, limits).read()
    except CodecError:
        raise
    except _BAD_BYTES as error:
        raise CodecError(f"not an encoded datapoint: {error}") from error
    except RecursionError as error:
        raise CodecError(
            "the interpreter's stack has no room left for this datapoint's nesting"
        ) from error


class _Reader:
    """Reads one datapoint."""

    __slots__ = ("_copy", "_fallback", "_frames", "_limits", "_next", "_room", "_tokens")

    def __init__(
        self,
        frames: Sequence[Any],
        copy: bool,
        fallback: DecodeFallback | None,
        limits: Limits,
    ) -> None:
        self._frames = iter(frames)
        self._copy = copy
        self._fallback = fallback
        self._limits = limits
        self._room = limits.max_bytes

    def read(self) -> Any:
        header, _ = self._frame()
        self._tokens = tokens = unpack_tokens(bytes(header), self._ext)
        for _ in self._frames:
            raise CodecError("there are more frames than the header speaks of")
        self._next = 1
        datapoint = tokens[0] if tokens else None
        if type(datapoint) is tuple:
            datapoint = self._resolve(datapoint, 0)
        if self._next != len(tokens):
            raise CodecError(f"the header holds {len(tokens)} tokens, its datapoint {self._next}")
        return datapoint

    def _frame(self) -> tuple[Any, int]:
        """The next frame, and how many bytes it has."""
        for frame in self._frames:
            kind = type(frame)
            if kind is memoryview:
                nbytes = frame.nbytes
            else:
                nbytes = len(frame) if kind is bytes else memoryview(frame).nbytes
            self._room -= nbytes
            if self._room < 0:
                raise CodecError(
                    f"the frames hold more than Limits.max_bytes = {self._limits.max_bytes}"
                )
            return frame, nbytes
        raise CodecError("there are fewer frames than the header speaks of")

    def _ext(self, code: int, payload: bytes) -> Any:
        """What msgpack calls for an ext: its value.

        Containers and foreign objects are not values yet, and stay tuples (code, payload), which
        no value is at this stage.
        """
        read = _LEAVES.get(code)
        if read is not None:
            return read(self, payload)
        if code not in _PENDING:
            raise CodecError(
                f"the header holds a value of kind {code}, unknown in format {wire.VERSION}"
            )
        return code, payload

    def read_array(self, payload: bytes) -> Array:
        layout, buffer_size = _inline_layout(payload)
        # The header's memory is nobody's to write to, and to hold on to it would be a waste.
        return layout.copy(payload, buffer_size)

    def read_array_frame(self, payload: bytes) -> Array:
        layout = read_layout(payload)
        return (layout.copy if self._copy else layout.view)(*self._frame())

    def read_scalar(self, payload: bytes) -> Any:
        layout, buffer_size = _inline_layout(payload)
        # A structured scalar is a view of the array it was taken from.
        structured = layout.dtype.kind == "V"
        return (layout.copy if structured else layout.view)(payload, buffer_size)[()]

    def read_bytes_frame(self, _payload: bytes) -> bytes:
        return bytes(self._frame()[0])

    def read_bytearray_frame(self, _payload: bytes) -> bytearray:
        return bytearray(self._frame()[0])

    def read_foreign_frame(self, _payload: bytes) -> tuple[int, bytes]:
        return wire.FOREIGN, bytes(self._frame()[0])

    def read_bytearray(self, payload: bytes) -> bytearray:
        return bytearray(payload)

    def read_big_int(self, payload: bytes) -> int:
        return int.from_bytes(payload, "little", signed=True)

    def read_complex(self, payload: bytes) -> complex:
        return complex(*_COMPLEX.unpack(payload))

    def read_numpy_str(self, payload: bytes) -> np.str_:
        return np.str_(payload.decode("utf-8", "surrogatepass"))

    def read_numpy_bytes(self, payload: bytes) -> np.bytes_:
        return np.bytes_(payload)

    def _resolve(self, pending: tuple[int, bytes], depth: int) -> Any:
        """The container or the foreign object that `pending` stands for."""
        code, payload = pending
        if code == wire.FOREIGN:
            return self._foreign(payload)
        if depth >= self._limits.max_depth:
            raise CodecError(
                f"containers nest deeper than Limits.max_depth = {self._limits.max_depth}"
            )
        count = int.from_bytes(payload, "little")
        if code == wire.LIST:
            return self._items(count, depth + 1)
        if code == wire.TUPLE:
            return tuple(self._items(count, depth + 1))
        return self._dict(self._items(2 * count, depth + 1))

    def _items(self, count: int, depth: int) -> list[Any]:
        tokens = self._tokens
        start = self._next
        end = start + count
        # Every child takes at least one token.
        if end > len(tokens):
            raise CodecError(f"a container claims {count} values, {len(tokens) - start} are left")
        items = tokens[start:end]
        if tuple not in map(type, items):
            self._next = end
            return items
        items.clear()
        for _ in range(count):
            if self._next == len(tokens):
                raise CodecError("the header ends within a container")
            item = tokens[self._next]
            self._next += 1
            items.append(self._resolve(item, depth) if type(item) is tuple else item)
        return items

    def _dict(self, items: list[Any]) -> dict[Any, Any]:
        keys = items[::2]
        most = self._limits.max_rare_keys
        if len(keys) > most and count_rare_keys(keys) > most:
            raise CodecError(
                f"a dict has more than Limits.max_rare_keys = {most} keys that could collide"
            )
        pairs = dict(zip(keys, items[1::2], strict=True))
        if len(pairs) != len(keys):
            raise CodecError("a dict has the same key twice")
        return pairs

    def _foreign(self, payload: bytes) -> object:
        if self._fallback is None:
            raise CodecError(
                "the datapoint holds an object that was written by a fallback, such as pickle: "
                'if you trust whoever wrote it, ask for that with codec="pickle" or '
                "decode(..., fallback=pickle.loads)"
            )
        try:
            return self._fallback(payload)
        # Whatever it raises: the bytes are not ours, and neither is the function.
        except Exception as error:
            raise CodecError(
                f"the fallback cannot read its {len(payload)} bytes: {error!r}"
            ) from error


_PENDING = frozenset({wire.LIST, wire.TUPLE, wire.DICT, wire.FOREIGN})
_LEAVES: dict[int, Callable[[_Reader, bytes], Any]] = {
    wire.BIG_INT: _Reader.read_big_int,
    wire.COMPLEX: _Reader.read_complex,
    wire.BYTEARRAY: _Reader.read_bytearray,
    wire.NUMPY_STR: _Reader.read_numpy_str,
    wire.NUMPY_BYTES: _Reader.read_numpy_bytes,
    wire.ARRAY: _Reader.read_array,
    wire.SCALAR: _Reader.read_scalar,
    wire.BYTES_FRAME: _Reader.read_bytes_frame,
    wire.BYTEARRAY_FRAME: _Reader.read_bytearray_frame,
    wire.ARRAY_FRAME: _Reader.read_array_frame,
    wire.FOREIGN_FRAME: _Reader.read_foreign_frame,
}


def _inline_layout(payload: bytes) -> tuple[Layout, int]:
    """The layout at the end of an inline array, and the size of the buffer before it."""
    end = len(payload) - wire.ARRAY_TRAILER
    start = end - int.from_bytes(payload[-wire.ARRAY_TRAILER :], "little")
    if start < 0:
        raise CodecError(f"an array of {len(payload)} bytes is shorter than its layout")
    return read_layout(payload[start:end]), start
