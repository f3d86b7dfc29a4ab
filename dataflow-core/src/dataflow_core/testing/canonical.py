"""Compare datapoints by all that makes them what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def canonical(value: object) -> tuple[Any, ...]:
    """Return nested tuples that are equal just when types, dtypes, shapes and bits are.

    Example:
        >>> canonical([1]) == canonical([True]), canonical([1]) == canonical((1,))
        (False, False)
        >>> canonical(np.zeros(2, "float32")) == canonical(np.zeros(2, "float64"))
        False
        >>> canonical({"a": float("nan")}) == canonical({"a": float("nan")})
        True
    """
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            return ("array", value.dtype.str, value.shape, canonical(value.tolist()))
        return ("array", np.lib.format.dtype_to_descr(value.dtype), value.shape, value.tobytes())
    if isinstance(value, np.generic):
        return ("scalar", value.dtype.str, value.tobytes())
    name = type(value).__name__
    if isinstance(value, Mapping):
        return (name, *((canonical(key), canonical(one)) for key, one in value.items()))
    if isinstance(value, (list, tuple)):
        return (name, *map(canonical, value))
    if isinstance(value, (float, complex)):
        return (name, repr(value))
    return (name, value)
