"""Fields to frames and back, between a parent and the processes that it started.

Two ways, for channels that nobody else can reach: the safe codec, with a pickle for what it does
not know; or one pickle, whose large buffers stay out of it (PEP 574), which is quicker.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any, Protocol

import cloudpickle
import numpy as np

from dataflow_core.codec import Limits, decode, encode

#: Parent and workers trust each other: only what memory holds bounds them.
LIMITS = Limits(max_depth=200, max_frames=1 << 24, max_bytes=1 << 48)

#: Of dtypes that a short text says all about: bool, int, unsigned int, float, complex.
_PLAIN_KINDS = frozenset("biufc")

#: Smaller buffers are part of the pickle.
OUT_OF_BAND = 4096

Frames = Sequence[bytes | memoryview]


class Packing(Protocol):
    """Turns fields into frames, large arrays being views of theirs, and back."""

    def pack(self, fields: Sequence[Any]) -> Frames:
        """Return frames; raises what the fields' own pickling raises."""

    def unpack(self, frames: Frames) -> Sequence[Any]:
        """Return the fields; arrays are views of the frames."""


class _Codec:
    def pack(self, fields: Sequence[Any]) -> Frames:
        return encode(fields, fallback=cloudpickle.dumps, limits=LIMITS)

    def unpack(self, frames: Frames) -> Sequence[Any]:
        fields: Sequence[Any] = decode(frames, fallback=pickle.loads, limits=LIMITS)
        return fields


class _Pickler(pickle.Pickler):
    """Pickles plain arrays so that they are made again in half the time."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is not np.ndarray:
            return NotImplemented
        dtype = value.dtype
        if not dtype.isnative and not value.flags.forc:
            # NumPy would write it in this machine's byte order.
            return value.copy().__reduce_ex__(5)
        if dtype.kind not in _PLAIN_KINDS or not value.flags.c_contiguous:
            return NotImplemented
        # NumPy's own way writes down the dtype in full, and goes through two functions in Python.
        return np.ndarray, (value.shape, dtype.str, pickle.PickleBuffer(value.data))


class _Pickle:
    def pack(self, fields: Sequence[Any]) -> Frames:
        buffers: list[memoryview] = []

        def keep_inside(buffer: pickle.PickleBuffer) -> bool:
            raw = buffer.raw()
            if raw.nbytes < OUT_OF_BAND:
                return True
            buffers.append(raw)
            return False

        try:
            stream = io.BytesIO()
            _Pickler(stream, 5, buffer_callback=keep_inside).dump(fields)
            packed = stream.getvalue()
            travels = _names_only_what_can_be_imported(packed)
        except Exception:  # noqa: BLE001  what is defined in a function, mostly
            travels = False
        if not travels:
            buffers.clear()
            packed = cloudpickle.dumps(fields, protocol=5, buffer_callback=keep_inside)
        return [packed, *buffers]

    def unpack(self, frames: Frames) -> Sequence[Any]:
        fields: Sequence[Any] = pickle.loads(frames[0], buffers=frames[1:])  # noqa: S301  our own
        return fields


def _names_only_what_can_be_imported(packed: bytes) -> bool:
    """Whether no class or function in a pickle is one that other processes do not have.

    Where a text happens to hold such a module's name the answer is no, which only takes time.
    """
    if b"__main__" in packed:
        return False
    by_value = cloudpickle.list_registry_pickle_by_value()
    return not by_value or not any(name.encode() in packed for name in by_value)


CODEC: Packing = _Codec()
PICKLE: Packing = _Pickle()
