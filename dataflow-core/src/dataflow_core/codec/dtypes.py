"""NumPy dtypes as text, and back through a grammar that admits nothing else.

    dtype  := plain | struct
    plain  := order kind size [unit] [":" char] ["/" mantissa]      such as <f4  |S5  <M8[25s]
    struct := {"size", "fields": [[name, offset, title, part], ...], "aligned", "record"}   JSON
    part   := plain in quotes | struct | [part, [length, ...]]      the last: a subarray

`":" char` keeps apart C types of equal size (`long long` beside `long`), `"/" mantissa` is the
number of explicit mantissa bits of a long double, whose layout differs between machines.
NumPy never sees a text that the grammar has not admitted.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, cast

import numpy as np

from dataflow_core.errors import CodecError

DType = np.dtype[Any]

_PLAIN = re.compile(
    r"(?P<name>(?P<order>[<>|])"
    r"(?:(?P<kind>b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|[SUV][0-9]{1,10})"
    r"|[mM]8(?:\[[1-9]?[0-9]{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?))"
    r"(?::(?P<char>[bBhHiIlLqQdgDG]))?"
    r"(?:/(?P<mantissa>[0-9]{1,3}))?",
    re.ASCII,
)
_KNOWN_TYPES = frozenset(np.dtype(char).type for char in "?bBhHiIlLqQefdgFDGSUVmM")
_LARGEST_IEEE = {"f": 8, "c": 16}
_MANTISSA = int(np.finfo(np.longdouble).nmant)
_BAD_DTYPE = (TypeError, ValueError, OverflowError, KeyError, RecursionError)


class UnsupportedDTypeError(Exception):
    """The dtype has no text: it holds Python objects, or another library defines it."""


def dtype_text(dtype: DType) -> str:
    """The text of `dtype`.

    Raises:
        UnsupportedDTypeError: the dtype holds objects, has titles that are no strings, or is not
            one of NumPy's own.

    >>> dtype_text(np.dtype(np.float32)), dtype_text(np.dtype(">M8[25s]"))
    ('<f4', '>M8[25s]')
    """
    if dtype.names is None:
        return _plain_text(dtype, dtype.char)
    # Not cached: the names of a structured dtype can be assigned to after the fact.
    return json.dumps(_struct(dtype), separators=(",", ":"))


def dtype_from_text(text: str) -> DType:
    """The dtype that `text` stands for.

    Raises:
        CodecError: the grammar does not admit the text, NumPy refuses what it says, or it is a
            long double of another kind of machine.

    >>> dtype_from_text("<f4")
    dtype('float32')
    """
    if not text.startswith("{"):
        return _plain(text)
    try:
        return _part(json.loads(text))
    except CodecError:
        raise
    except _BAD_DTYPE as error:
        raise CodecError(f"not a structured dtype: {text[:80]!r}") from error


# The char is part of the key because dtypes of equal layout are equal.
@lru_cache(maxsize=256)
def _plain_text(dtype: DType, char: str) -> str:
    if dtype.type not in _KNOWN_TYPES or dtype.subdtype is not None:
        raise UnsupportedDTypeError
    text = dtype.str
    if _PLAIN.fullmatch(text) is None:
        raise UnsupportedDTypeError
    if np.dtype(text).char != char:
        text += ":" + char
    if dtype.itemsize > _LARGEST_IEEE.get(dtype.kind, dtype.itemsize):
        text += f"/{_MANTISSA}"
    return text


@lru_cache(maxsize=256)
def _plain(text: str) -> DType:
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise CodecError(f"not a dtype: {text[:80]!r}")
    mantissa = match["mantissa"]
    if mantissa is not None and int(mantissa) != _MANTISSA:
        raise CodecError(
            f"dtype {text!r}: a long double with {mantissa} mantissa bits, this machine's has "
            f"{_MANTISSA}; write it as float64 to carry it between the two"
        )
    try:
        dtype = np.dtype(match["name"])
    except _BAD_DTYPE as error:
        raise CodecError(f"this machine has no dtype {text!r}") from error
    if mantissa is None and dtype.itemsize > _LARGEST_IEEE.get(dtype.kind, dtype.itemsize):
        raise CodecError(f"dtype {text!r}: a long double must say how many mantissa bits it has")
    if match["char"] is not None:
        native = np.dtype(match["char"])
        for alias in (native, native.newbyteorder()):
            if alias == dtype:
                return alias
    return dtype


def _struct(dtype: DType) -> dict[str, object]:
    if dtype.type not in (np.void, np.record):
        raise UnsupportedDTypeError
    fields = []
    for name in dtype.names or ():
        part, offset, *titles = cast("Any", dtype.fields)[name]
        title = titles[0] if titles else None
        if not isinstance(title, (str, type(None))):
            raise UnsupportedDTypeError
        fields.append([name, offset, title, _part_text(part)])
    return {
        "size": dtype.itemsize,
        "fields": fields,
        "aligned": dtype.isalignedstruct,
        "record": dtype.type is np.record,
    }


def _part_text(dtype: DType) -> object:
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [_part_text(base), list(shape)]
    return _plain_text(dtype, dtype.char) if dtype.names is None else _struct(dtype)


def _part(spec: Any) -> DType:
    if isinstance(spec, str):
        return _plain(spec)
    if isinstance(spec, list):
        base, shape = spec
        return np.dtype((_part(base), tuple(_natural(length) for length in shape)))
    if not isinstance(spec, dict):
        raise CodecError(f"not a part of a structured dtype: {spec!r}")
    names, offsets, titles, formats = [], [], [], []
    for name, offset, title, part in spec["fields"]:
        if not isinstance(name, str) or not isinstance(title, (str, type(None))):
            raise CodecError(f"a structured dtype's field is named {name!r}, titled {title!r}")
        names.append(name)
        offsets.append(_natural(offset))
        titles.append(title)
        formats.append(_part(part))
    layout: dict[str, object] = {
        "names": names,
        "formats": formats,
        "offsets": offsets,
        "itemsize": _natural(spec["size"]),
        "aligned": bool(spec["aligned"]),
    }
    if any(title is not None for title in titles):
        layout["titles"] = titles
    dtype: DType = np.dtype(cast("Any", layout))
    return np.dtype((np.record, cast("Any", dtype))) if spec["record"] else dtype


def _natural(number: object) -> int:
    if type(number) is not int or number < 0:
        raise CodecError(f"a structured dtype has the size {number!r}")
    return number
