"""Put a component into a few words."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

__all__ = ["described"]

_MAX_VALUES = 8
_MAX_LETTERS = 60

_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = _MAX_LETTERS


def described(component: Any) -> str:
    """Return what a component is: its value if that is short, else its kind and size.

    >>> described("cat"), described(3), described(np.float32([0.5, 0.25]))
    ("'cat'", '3', '[0.5, 0.25] float32')
    >>> described(np.zeros((32, 32, 3), np.uint8))
    '32 x 32 x 3 uint8'
    """
    if isinstance(component, np.generic):
        return str(component.item())
    if isinstance(component, (list, tuple)) and any(isinstance(v, np.ndarray) for v in component):
        more = ", ..." if len(component) > 1 else ""
        return f"{type(component).__name__} of {len(component)}: {described(component[0])}{more}"
    if not isinstance(component, np.ndarray):
        return _short.repr(component)
    if component.size <= _MAX_VALUES:
        values = component.round(2) if component.dtype.kind == "f" else component
        return f"{values.tolist()} {component.dtype}"
    return f"{' x '.join(map(str, component.shape))} {component.dtype}"
