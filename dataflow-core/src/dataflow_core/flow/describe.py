"""How flows and their parameters look in reprs, fingerprints and `explain()`."""

from __future__ import annotations

import functools
import hashlib
import re
import reprlib
import sys
from collections.abc import Callable, Mapping

import numpy as np

#: People are shown so many lists within lists, members of each, and characters of a text.
SHOWN_LEVELS = 6
SHOWN_MEMBERS = 8
SHOWN_CHARACTERS = 80

#: In a fingerprint a text that is longer is cut, and a digest tells the rest.
WHOLE_CHARACTERS = 400
DIGEST_BYTES = 8

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class _WithoutAddresses(reprlib.Repr):
    def __init__(self, levels: int, members: int, characters: int) -> None:
        super().__init__()
        self.maxlevel = levels
        self.maxstring = self.maxother = self.maxlong = characters
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = members
        self.maxdeque = self.maxarray = members

    def repr_instance(self, x: object, level: int) -> str:
        text = _ADDRESS.sub("", repr(x))
        return text if len(text) <= self.maxother else text[: self.maxother - 3] + "..."


_short = _WithoutAddresses(SHOWN_LEVELS, SHOWN_MEMBERS, SHOWN_CHARACTERS)
_whole = _WithoutAddresses(sys.maxsize, sys.maxsize, sys.maxsize)


def describe(value: object) -> str:
    """Return a short text for a parameter that is equal in every process.

    Functions give their qualified name, objects without a repr of their own their type's name:
    addresses would make two equal pipelines look different.

    >>> describe([len, 3, "x" * 100])
    "[len, 3, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']"
    """
    return _described(value, _short)


def identify(value: object) -> str:
    """Return the same text unabridged, but for functions and what has no repr.

    >>> identify([len, 3, *range(8)])
    '[len, 3, 0, 1, 2, 3, 4, 5, 6, 7]'
    """
    return _described(value, _whole)


def _described(value: object, texts: _WithoutAddresses) -> str:
    if isinstance(value, functools.partial):
        return f"partial({_described(value.func, texts)})"
    if isinstance(value, np.ndarray):
        return _described_array(value, whole=texts is _whole)
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return name
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_described(item, texts) for item in value[: texts.maxlist])
        more = ", ..." if len(value) > texts.maxlist else ""
        if isinstance(value, list):
            return f"[{inner}{more}]"
        return f"({inner},)" if len(value) == 1 else f"({inner}{more})"
    if type(value).__repr__ is object.__repr__:
        return f"{type(value).__qualname__}()"
    return texts.repr(value)


def _described_array(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], whole: bool) -> str:
    what = f"shape={array.shape}, dtype={array.dtype}"
    if whole and not array.dtype.hasobject:
        what += f", digest={_digest(array.tobytes())}"
    return f"array({what})"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def describe_call(name: str, params: Mapping[str, object]) -> str:
    """Return `name(key=value, ...)`, for people.

    Keys that start with `*` stand without their name; a text under such a key stands as it is.
    """
    return _call(name, params, describe)


def identify_call(name: str, params: Mapping[str, object]) -> str:
    """Return the same, for fingerprints: calls with different parameters differ."""
    return _call(name, params, _identified)


def _identified(value: object) -> str:
    text = identify(value)
    if len(text) <= WHOLE_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}... {_digest(text.encode(errors='backslashreplace'))}"


def _call(name: str, params: Mapping[str, object], text_of: Callable[[object], str]) -> str:
    def param(key: str, value: object) -> str:
        if not key.startswith("*"):
            return f"{key}={text_of(value)}"
        return value if isinstance(value, str) else text_of(value)

    return f"{name}({', '.join(param(key, value) for key, value in params.items())})"
