"""A datapoint to frames: one flat header, and the memory of large arrays as it lies."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from msgpack import ExtType

from dataflow_core.codec import wire
from dataflow_core.codec.component_path import component_path
from dataflow_core.codec.dtypes import UnsupportedDTypeError
from dataflow_core.codec.layout import Array, layout_of
from dataflow_core.codec.limits import DEFAULT, Limits
from dataflow_core.codec.rare_keys import count_rare_keys
from dataflow_core.codec.tokens import ext, pack_tokens
from dataflow_core.errors import CodecError

Frame = bytes | memoryview
EncodeFallback = Callable[[object], bytes]

_NATIVE = frozenset({type(None), bool, int, float, str})
_COMPLEX = struct.Struct("<dd")
_BYTE = np.dtype(np.uint8)
_SHORT = 32


def encode(
    datapoint: object,
    *,
    fallback: EncodeFallback | None = None,
    limits: Limits = DEFAULT,
) -> list[Frame]:
    """Turn a datapoint into frames: a header, then the buffers of what is large.

    Large arrays are not copied: their frames are views of their memory, so send the frames before
    the arrays change. An array that is neither C- nor Fortran-contiguous is copied once.

    Args:
        datapoint: any nesting of list, tuple and dict over None, bool, int, float, complex, str,
            bytes, bytearray, NumPy arrays and NumPy scalars. Types are exact: a subclass is none
            of these.
        fallback: called with every object that is none of these; must return bytes. Decoding
            then needs the inverse. `pickle.dumps` opts into pickle.
        limits: what the reader will accept.

    Raises:
        CodecError: an object is unknown and there is no fallback (the message names the
            component), or a limit is exceeded, as a list that contains itself does.

    >>> frames = encode([np.zeros((224, 224, 3), np.uint8), 7])
    >>> len(frames), frames[1].nbytes
    (2, 150528)
    """
    tokens = _flat(datapoint)
    frames: list[Frame] = [pack_tokens(tokens)] if tokens else _frames(datapoint, fallback, limits)
    nbytes = len(frames[0]) if len(frames) == 1 else sum(map(_nbytes, frames))
    if nbytes > limits.max_bytes:
        raise CodecError(
            f"the datapoint takes more than {limits.max_bytes} bytes: raise Limits.max_bytes"
        )
    return frames


def _flat(datapoint: object) -> list[object] | None:
    """The tokens of a short list whose items are tokens as they are; None for all else.

    The most frequent datapoint, and in half the time.
    """
    if type(datapoint) is not list or len(datapoint) > _SHORT:
        return None
    for item in datapoint:
        kind = type(item)
        if kind not in _NATIVE and (kind is not bytes or len(item) > wire.INLINE_BYTES):
            return None
    return [_opening(wire.LIST, len(datapoint)), *datapoint]


def _frames(datapoint: object, fallback: EncodeFallback | None, limits: Limits) -> list[Frame]:
    writer = _Writer(fallback, limits)
    try:
        writer.put(datapoint, 0)
    except _UnknownError as unknown:
        raise CodecError(_explain(datapoint, unknown.value)) from None
    except RecursionError as error:
        raise CodecError(
            "the interpreter's stack has no room left for this datapoint's nesting"
        ) from error
    frames = writer.frames
    if len(frames) > limits.max_frames:
        raise CodecError(
            f"the datapoint takes {len(frames)} frames, {limits.max_frames} are allowed: "
            "stack small arrays, or raise Limits.max_frames on both sides"
        )
    frames[0] = pack_tokens(writer.tokens)
    return frames


class _UnknownError(Exception):
    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class _Writer:
    """The tokens and frames of one datapoint. `frames[0]` is the header's place."""

    __slots__ = ("_fallback", "_limits", "frames", "tokens")

    def __init__(self, fallback: EncodeFallback | None, limits: Limits) -> None:
        self.tokens: list[object] = []
        self.frames: list[Frame] = [b""]
        self._fallback = fallback
        self._limits = limits

    def put(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind in _NATIVE:
            self.tokens.append(value)
        else:
            _WRITE.get(kind, _Writer.write_foreign)(self, value, depth)

    def write_list(self, items: list[object], depth: int) -> None:
        self._open(wire.LIST, len(items), depth)
        self._items(items, depth + 1)

    def write_tuple(self, items: tuple[object, ...], depth: int) -> None:
        self._open(wire.TUPLE, len(items), depth)
        self._items(items, depth + 1)

    def write_dict(self, pairs: dict[object, object], depth: int) -> None:
        self._open(wire.DICT, len(pairs), depth)
        if len(pairs) > self._limits.max_rare_keys:
            self._check_keys(pairs)
        for key, value in pairs.items():
            self.put(key, depth + 1)
            self.put(value, depth + 1)

    def _open(self, code: int, count: int, depth: int) -> None:
        if depth >= self._limits.max_depth:
            raise CodecError(
                f"the datapoint nests deeper than {self._limits.max_depth} containers: does one "
                "contain itself? If not, raise Limits.max_depth on both sides"
            )
        self.tokens.append(_opening(code, count))

    def _items(self, items: list[object] | tuple[object, ...], depth: int) -> None:
        if _NATIVE.issuperset(map(type, items)):
            self.tokens.extend(items)
            return
        for item in items:
            self.put(item, depth)

    def _check_keys(self, pairs: dict[object, object]) -> None:
        if count_rare_keys(pairs) > self._limits.max_rare_keys:
            raise CodecError(
                f"a dict has more than {self._limits.max_rare_keys} keys that are tuples, big "
                "integers, complex numbers or NumPy scalars: raise Limits.max_rare_keys on both "
                "sides, or use str keys"
            )

    def _leaf(self, code: int, payload: bytes) -> None:
        self.tokens.append(ext(code, payload))

    def write_bytes(self, value: bytes, _depth: int) -> None:
        if len(value) <= wire.INLINE_BYTES:
            self.tokens.append(value)
        else:
            self._leaf(wire.BYTES_FRAME, b"")
            self.frames.append(value)

    def write_bytearray(self, value: bytearray, _depth: int) -> None:
        if len(value) <= wire.INLINE_BYTES:
            self._leaf(wire.BYTEARRAY, bytes(value))
        else:
            self._leaf(wire.BYTEARRAY_FRAME, b"")
            self.frames.append(memoryview(value))

    def write_complex(self, value: complex, _depth: int) -> None:
        self._leaf(wire.COMPLEX, _COMPLEX.pack(value.real, value.imag))

    def write_numpy_str(self, value: np.str_, _depth: int) -> None:
        self._leaf(wire.NUMPY_STR, value.encode("utf-8", "surrogatepass"))

    def write_numpy_bytes(self, value: np.bytes_, _depth: int) -> None:
        self._leaf(wire.NUMPY_BYTES, bytes(value))

    def write_array(self, array: Array, depth: int) -> None:
        flags = array.flags
        fortran = flags.f_contiguous and not flags.c_contiguous
        try:
            layout = layout_of(array, fortran=fortran)
        except UnsupportedDTypeError:
            self.write_foreign(array, depth)
            return
        if array.nbytes <= wire.INLINE_BYTES:
            self._leaf(wire.ARRAY, _with_layout(array.tobytes("F" if fortran else "C"), layout))
            return
        self._leaf(wire.ARRAY_FRAME, layout)
        if fortran:
            array = array.T
        elif not flags.c_contiguous:
            array = np.ascontiguousarray(array)
        # Not memoryview(array): the buffer protocol has no name for datetimes.
        self.frames.append(array.reshape(-1).view(_BYTE).data)

    def write_scalar(self, value: np.generic, depth: int) -> None:
        try:
            layout = layout_of(np.asarray(value))
        except UnsupportedDTypeError:
            self.write_foreign(value, depth)
            return
        self._leaf(wire.SCALAR, _with_layout(value.tobytes(), layout))

    def write_foreign(self, value: object, _depth: int) -> None:
        if self._fallback is None:
            raise _UnknownError(value)
        data = self._fallback(value)
        if not isinstance(data, bytes):
            raise CodecError(
                f"the fallback turned a {type(value).__name__} into a {type(data).__name__}: "
                "it must return bytes"
            )
        if len(data) <= wire.INLINE_BYTES:
            self._leaf(wire.FOREIGN, data)
        else:
            self._leaf(wire.FOREIGN_FRAME, b"")
            self.frames.append(data)


_Write = Callable[[_Writer, Any, int], None]
_NUMBERS: dict[type, _Write] = {
    np.dtype(char).type: _Writer.write_scalar for char in "?bBhHiIlLqQefdgFDGVmM"
}
_WRITE: dict[type, _Write] = {
    **_NUMBERS,
    list: _Writer.write_list,
    tuple: _Writer.write_tuple,
    dict: _Writer.write_dict,
    bytes: _Writer.write_bytes,
    bytearray: _Writer.write_bytearray,
    complex: _Writer.write_complex,
    np.ndarray: _Writer.write_array,
    np.str_: _Writer.write_numpy_str,
    np.bytes_: _Writer.write_numpy_bytes,
    np.record: _Writer.write_scalar,
}


@lru_cache(maxsize=1024)
def _opening(code: int, count: int) -> ExtType:
    return ext(code, count.to_bytes(1 if count < 1 << 8 else 8, "little"))


def _with_layout(buffer: bytes, layout: bytes) -> bytes:
    # The buffer first: so it is aligned as the bytes object that msgpack makes of it.
    return buffer + layout + len(layout).to_bytes(wire.ARRAY_TRAILER, "little")


def _nbytes(frame: Frame) -> int:
    return frame.nbytes if type(frame) is memoryview else len(frame)


def _explain(datapoint: object, value: object) -> str:
    kind = type(value).__name__
    if type(value) is np.ndarray:
        kind = f"array of dtype {value.dtype}"
    where = component_path(datapoint, value)
    known = next((base for base in type(value).__mro__[1:] if base in _WRITE), None)
    if known is None:
        remedy = "Turn it into numbers, strings, containers or arrays"
    else:
        remedy = f"As a {known.__name__} it would come back as another type: convert it"
    return (
        f"{where}: {kind} is not a type the codec knows. {remedy}; or, where whoever reads "
        'trusts whoever writes, opt into pickle: codec="pickle" if the caller offers it, else '
        "encode(..., fallback=pickle.dumps) with decode(..., fallback=pickle.loads)"
    )
