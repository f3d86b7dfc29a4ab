"""The forms that values have: ours, and those of others, which must be asked for by name.

Unpickling runs whatever code the writer of the pickle chose, so it is never done unasked.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgpack
import numpy as np

from dataflow_core import codec
from dataflow_lmdb.meta import CODEC

PICKLE = "pickle"
MSGPACK_NUMPY = "msgpack-numpy"

#: From a value, which lives as long as the call only, to what it stands for.
Decode: TypeAlias = "Callable[[memoryview], Any]"


def decode_dataflow(value: memoryview) -> Any:
    """Return the datapoint that our codec made `value` of; its arrays own their memory."""
    return codec.loads(value, copy=True)


def decode_pickle(value: memoryview) -> Any:
    """Return what was pickled, for a user who asked for it by name."""
    return pickle.loads(value)  # noqa: S301


def decode_msgpack_numpy(value: memoryview | bytes) -> Any:
    """Return what msgpack wrote with the arrays' convention of msgpack-numpy.

    Raises:
        ValueError: if it is not msgpack, or holds pickled objects.
    """
    return msgpack.unpackb(value, object_hook=_array, strict_map_key=False)


#: The codecs that `load` takes.
DECODERS: Final[Mapping[str, Decode]] = {
    CODEC: decode_dataflow,
    PICKLE: decode_pickle,
    MSGPACK_NUMPY: decode_msgpack_numpy,
}


def checked_codec(name: str | None) -> str | None:
    """Return `name`.

    Raises:
        ValueError: if there is no such codec.
    """
    if name is None or name in DECODERS:
        return name
    raise ValueError(
        f"there is no codec {name!r}, only {', '.join(map(repr, DECODERS))}; for values of another"
        " form write LMDBDataDecoder(LMDBData(path), lambda key, value: ...)"
    )


def looks_like(value: bytes) -> str:
    """Return the codec that `value` seems to be in; empty if it seems to be in none.

    >>> looks_like(pickle.dumps([1])), looks_like(msgpack.packb([1])), looks_like(b"JFIF")
    ('pickle', 'msgpack-numpy', '')
    """
    if value[:3] == codec.dumps([])[:3]:
        return CODEC
    # Protocol 2 and later: its mark, its number, and a full stop at the end.
    if len(value) > 2 and value[0] == 0x80 and value[1] <= pickle.HIGHEST_PROTOCOL:
        return PICKLE if value[-1:] == b"." else ""
    # A list of msgpack.
    if value and (0x90 <= value[0] <= 0x9F or value[0] in (0xDC, 0xDD)):
        return MSGPACK_NUMPY
    return ""


def _array(content: dict[Any, Any]) -> Any:
    """Turn the map that stands for an array or a scalar into one; leave others as they are."""
    names = {key.decode() if isinstance(key, bytes) else key: key for key in content}
    if "nd" in names:
        kind = content.get(names.get("kind"), b"")
        if kind in (b"O", "O"):
            raise ValueError("the value holds an array of objects, which are pickled inside")
        data = content[names["data"]]
        if content[names["nd"]]:
            dtype = _dtype(content[names["type"]])
            return np.frombuffer(data, dtype).reshape(content[names["shape"]]).copy()
        return np.frombuffer(data, _dtype(content[names["type"]]))[0]
    if "complex" in names:
        text = content[names["data"]]
        return complex(text.decode() if isinstance(text, bytes) else text)
    return content


def _dtype(description: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any]
    if isinstance(description, (list, tuple)):
        dtype = np.dtype([tuple(_text(part) for part in field) for field in description])
    else:
        dtype = np.dtype(_text(description))
    return dtype


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return tuple(value) if isinstance(value, list) else value
