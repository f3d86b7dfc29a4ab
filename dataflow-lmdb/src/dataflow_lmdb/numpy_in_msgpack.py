"""Arrays in msgpack, by the convention of msgpack-numpy.

An array is a map with `nd` True, its dtype, shape and bytes; a NumPy scalar one with `nd` False; a
complex number one with `complex`. Keys are binary, or strings where an old msgpack wrote them.
Arrays of objects are pickled inside, and are not read.
"""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np


def unpack(value: bytes | memoryview) -> Any:
    """Return what a value stands for; its arrays own their memory.

    Raises:
        ValueError: if it is not msgpack, or holds pickled objects.

    Example:
        >>> unpack(msgpack.packb({b"nd": False, b"type": "<f4", b"data": bytes(4)}))
        np.float32(0.0)
    """
    try:
        return msgpack.unpackb(value, object_hook=_from_map, strict_map_key=False)
    # Those of msgpack for deep nesting and for bytes of another form are neither.
    except (msgpack.UnpackException, KeyError, TypeError) as error:
        raise ValueError(f"not msgpack with the arrays of msgpack-numpy: {error!r}") from error


def _from_map(content: dict[Any, Any]) -> Any:
    """Turn the map that stands for an array or a scalar into one; leave others as they are."""
    names = {key.decode() if isinstance(key, bytes) else key: key for key in content}
    if "nd" in names:
        if content.get(names.get("kind")) in (b"O", "O"):
            raise ValueError("the value holds an array of objects, which are pickled inside")
        dtype = _dtype(content[names["type"]])
        data = content[names["data"]]
        if not content[names["nd"]]:
            return np.frombuffer(data, dtype)[0]
        # Not frombuffer, which refuses arrays without elements.
        return np.ndarray(content[names["shape"]], dtype, data).copy()
    if "complex" in names:
        return complex(_text(content[names["data"]]))
    return content


def _dtype(description: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(_described(description))
    return dtype


def _described(description: Any) -> Any:
    """Return what NumPy makes a dtype of; msgpack has made lists of all tuples."""
    if not isinstance(description, list):
        return _text(description)
    fields = []
    for name, part, *shape in description:
        title_and_name = tuple(map(_text, name)) if isinstance(name, list) else _text(name)
        fields.append((title_and_name, _described(part), *(map(_shape, shape))))
    return fields


def _shape(shape: Any) -> Any:
    return tuple(shape) if isinstance(shape, list) else shape


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
