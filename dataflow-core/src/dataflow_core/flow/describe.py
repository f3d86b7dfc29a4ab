"""How flows and their parameters look in reprs, fingerprints and `explain()`."""

from __future__ import annotations

import functools
import re
import reprlib
from collections.abc import Mapping

import numpy as np

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class _WithoutAddresses(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:
        text = _ADDRESS.sub("", repr(x))
        return text if len(text) <= self.maxother else text[: self.maxother - 3] + "..."


_short = _WithoutAddresses()
_short.maxstring = _short.maxother = 80
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = 8


def describe(value: object) -> str:
    """Return a short text for a parameter that is equal in every process.

    Functions give their qualified name, objects without a repr of their own their type's name:
    addresses would make two equal pipelines look different.
    """
    if isinstance(value, functools.partial):
        return f"partial({describe(value.func)})"
    if isinstance(value, np.ndarray):
        return f"array(shape={value.shape}, dtype={value.dtype})"
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return name
    if isinstance(value, (list, tuple)):
        inner = ", ".join(describe(item) for item in value[:8])
        more = ", ..." if len(value) > 8 else ""
        if isinstance(value, list):
            return f"[{inner}{more}]"
        return f"({inner},)" if len(value) == 1 else f"({inner}{more})"
    if type(value).__repr__ is object.__repr__:
        return f"{type(value).__qualname__}()"
    return _short.repr(value)


def describe_call(name: str, params: Mapping[str, object]) -> str:
    """Return `name(key=value, ...)`.

    Keys that start with `*` stand without their name; a text under such a key stands as it is.
    """
    return f"{name}({', '.join(_param(key, value) for key, value in params.items())})"


def _param(key: str, value: object) -> str:
    if not key.startswith("*"):
        return f"{key}={describe(value)}"
    return value if isinstance(value, str) else describe(value)
