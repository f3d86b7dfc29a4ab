"""The datapoints of a parcel as the codec's frames: by column, where they have one form.

To encode a small datapoint takes one or two microseconds, and as long to decode it; a thousand of
them side by side take a tenth of that each.

    datapoints   =   [datapoint, ...]   or   (kind, keys, [column, ...])
    column       =   (PLAIN, values)  or  (STACK, array)  or  (LISTS, lengths, items)

A receiver believes none of it: what does not add up to as many datapoints as were announced is an
error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from dataflow_core import CodecError
from dataflow_core.codec import decode, encode
from dataflow_core.collate import Form, put_together, rows_of, stacked, taken_apart
from dataflow_core.flow import Datapoint
from dataflow_zmq.remote.wire.parcel import LIMITS, PARCEL_DATAPOINTS, Frame

#: Kinds of columns: one value for each datapoint; the same as one array, along axis 0; and lists of
#: plain values, as their lengths (one number if they have one length) and all their items.
PLAIN, STACK, LISTS = range(3)

#: Fewer datapoints are not worth looking at.
WORTH_IT = 8

_NATIVE = frozenset({type(None), bool, int, float, str})


def pack(datapoints: Sequence[Datapoint]) -> list[Frame]:
    """Return datapoints as frames; large arrays are views of theirs.

    Raises:
        CodecError: one of them cannot be sent; the message names the component.
    """
    if WORTH_IT <= len(datapoints) <= PARCEL_DATAPOINTS:
        apart = taken_apart(datapoints)
        if apart is not None and apart[1]:
            form, columns = apart
            try:
                return encode((*form, [*map(_packed, columns)]), limits=LIMITS)
            except CodecError:
                pass  # which says where it is among columns
    return encode([*datapoints], limits=LIMITS)


def unpack(frames: Sequence[Any], count: int) -> list[Datapoint]:
    """Return the `count` datapoints that `pack` was given.

    Raises:
        CodecError: the frames are not that.
    """
    value = decode(frames, limits=LIMITS)
    datapoints = _from_columns(value, count) if type(value) is tuple else value
    if type(datapoints) is not list or len(datapoints) != count:
        raise CodecError(f"the frames of a parcel do not hold the {count} datapoints it speaks of")
    return datapoints


def _packed(column: tuple[Any, ...]) -> tuple[Any, ...]:
    stack = stacked(column)
    if stack is not None:
        return STACK, stack
    if type(column[0]) is list and {*map(type, column)} == {list}:
        items = [*chain.from_iterable(column)]
        if _NATIVE.issuperset(map(type, items)):
            lengths = tuple(map(len, column))
            same = lengths.count(lengths[0]) == len(lengths)
            return LISTS, lengths[0] if same else lengths, items
    return PLAIN, column


def _from_columns(value: tuple[Any, ...], count: int) -> list[Datapoint]:
    if len(value) != 3 or count > PARCEL_DATAPOINTS or not _is_form(*value):
        raise CodecError("the columns of a parcel have no form that datapoints can have")
    kind, keys, columns = value
    return put_together(Form(kind, keys), [_values(column, count) for column in columns])


def _is_form(kind: object, keys: Any, columns: Any) -> bool:
    if type(columns) is not list:
        return False
    if kind == "dict":
        named = type(keys) is tuple and {*map(type, keys)} <= {str}
        return named and len({*keys}) == len(keys) == len(columns)
    return kind in ("list", "tuple") and type(keys) is int and keys == len(columns)


def _values(column: Any, count: int) -> Iterable[Any]:
    fields = column if type(column) is tuple else ()
    if len(fields) == 2 and fields[0] == PLAIN and _holds(fields[1], count):
        values: tuple[Any, ...] = fields[1]
        return values
    if len(fields) == 2 and fields[0] == STACK and _is_stack(fields[1], count):
        return rows_of(fields[1], own=True)
    if len(fields) == 3 and fields[0] == LISTS:
        lists = _lists(fields[1], fields[2], count)
        if lists is not None:
            return lists
    raise CodecError(f"a column of a parcel does not hold {count} values")


def _holds(values: Any, count: int) -> bool:
    return type(values) is tuple and len(values) == count


def _is_stack(value: Any, count: int) -> bool:
    return type(value) is np.ndarray and value.ndim > 0 and len(value) == count and value.nbytes > 0


def _lists(lengths: Any, items: Any, count: int) -> list[list[Any]] | None:
    if type(lengths) is int:
        lengths = (lengths,) * count
    elif not _holds(lengths, count) or {*map(type, lengths)} != {int}:
        return None
    if type(items) is not list or min(lengths) < 0 or sum(lengths) != len(items):
        return None
    rest = iter(items)
    return [[*islice(rest, length)] for length in lengths]
