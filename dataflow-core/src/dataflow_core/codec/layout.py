"""What turns a buffer back into an array: dtype, shape and order, as a few bytes.

- u8: number of dimensions, plus 0x80 if the order is Fortran's
- u64, little-endian: length of each dimension
- the rest: dtype as ASCII text (see `dtypes`)
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dataflow_core.codec.dtypes import DType, UnsupportedDTypeError, dtype_from_text, dtype_text
from dataflow_core.codec.wire import MAX_EMPTY_ITEMS, MAX_LAYOUT_BYTES
from dataflow_core.errors import CodecError

Array = np.ndarray[Any, DType]

_FORTRAN = 0x80
_MAX_DIMENSIONS = 64
_LENGTHS = [struct.Struct(f"<{count}Q") for count in range(_MAX_DIMENSIONS + 1)]
_CACHED_LAYOUT_BYTES = 64 + 32


class Layout(NamedTuple):
    """How a buffer is read as an array.

    Attributes:
        dtype: of the elements.
        shape: of the array.
        fortran: whether the first index runs fastest, not the last.
        nbytes: the length the buffer must have.
    """

    dtype: DType
    shape: tuple[int, ...]
    fortran: bool
    nbytes: int

    def view(self, buffer: Any, nbytes: int) -> Array:
        """Lay the array over `buffer`: its memory, writable if it is.

        Raises:
            CodecError: the buffer's `nbytes` are not what the layout needs.
        """
        if nbytes != self.nbytes:
            raise CodecError(
                f"an array of shape {self.shape} and dtype {self.dtype} takes {self.nbytes} "
                f"bytes, its buffer has {nbytes}"
            )
        if self.fortran:
            return np.ndarray(self.shape, self.dtype, buffer, order="F")
        # Naming the order that is NumPy's default would triple what this costs.
        return np.ndarray(self.shape, self.dtype, buffer)

    def copy(self, buffer: Any, nbytes: int) -> Array:
        """Lay the array over memory of its own, writable, that holds what `buffer` does.

        Raises:
            CodecError: as `view`.
        """
        array = self.view(buffer, nbytes)
        dtype = self.dtype
        itemsize = dtype.itemsize
        if not itemsize:
            # There is nothing to copy, and NumPy would make one byte of each empty string.
            return self.view(bytearray(), 0)
        if dtype.names is None:
            # Naming the order that is the default would cost as much as copying some kilobytes.
            return array.copy(order="F") if self.fortran else array.copy()
        # NumPy would leave the bytes between a structured dtype's fields as it finds them.
        return array.view(f"V{itemsize}").copy(order="K").view(dtype)


def layout_of(array: Array, *, fortran: bool = False) -> bytes:
    r"""The layout of `array` as bytes.

    Raises:
        UnsupportedDTypeError: the dtype has no text, or the array more elements without bytes
            than a reader would believe.

    >>> layout_of(np.zeros((2, 3), np.float32))
    b'\x02\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00<f4'
    """
    dtype = array.dtype
    if dtype.names is None and dtype.itemsize:
        return _plain_layout(dtype, dtype.char, array.shape, fortran)
    if not dtype.itemsize and array.size > MAX_EMPTY_ITEMS:
        raise UnsupportedDTypeError
    layout = _layout(dtype, array.shape, fortran)
    if len(layout) > MAX_LAYOUT_BYTES:
        raise UnsupportedDTypeError
    return layout


def read_layout(layout: bytes) -> Layout:
    """The layout that `layout_of` wrote.

    Raises:
        CodecError: it is none.

    >>> read_layout(layout_of(np.zeros((2, 3), np.float32))).shape
    (2, 3)
    """
    if len(layout) <= _CACHED_LAYOUT_BYTES and not layout.endswith(b"}"):
        return _read_cached(layout)
    return _read(layout)


# The char is part of the key because dtypes of equal layout are equal.
@lru_cache(maxsize=1024)
def _plain_layout(dtype: DType, char: str, shape: tuple[int, ...], fortran: bool) -> bytes:  # noqa: ARG001
    return _layout(dtype, shape, fortran=fortran)


def _layout(dtype: DType, shape: tuple[int, ...], fortran: bool) -> bytes:
    dimensions = len(shape)
    head = bytes([dimensions | _FORTRAN if fortran else dimensions])
    return head + _LENGTHS[dimensions].pack(*shape) + dtype_text(dtype).encode("ascii")


def _read(layout: bytes) -> Layout:
    if not layout:
        raise CodecError("an array without a layout")
    dimensions = layout[0] & ~_FORTRAN
    start = 1 + 8 * dimensions
    if dimensions > _MAX_DIMENSIONS or len(layout) < start:
        raise CodecError(
            f"an array's layout of {len(layout)} bytes speaks of {dimensions} dimensions"
        )
    try:
        text = layout[start:].decode("ascii")
    except UnicodeDecodeError as error:
        raise CodecError("an array's dtype is not ASCII text") from error
    shape = _LENGTHS[dimensions].unpack_from(layout, 1)
    dtype = dtype_from_text(text)
    items = math.prod(shape)
    if not dtype.itemsize and items > MAX_EMPTY_ITEMS:
        raise CodecError(
            f"an array of shape {shape} and dtype {dtype} claims {items} items without a byte"
        )
    return Layout(dtype, shape, bool(layout[0] & _FORTRAN), items * dtype.itemsize)


# Short layouts only: what a stranger sends must not be able to fill the cache with large ones.
_read_cached = lru_cache(maxsize=1024)(_read)
