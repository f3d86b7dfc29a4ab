"""Datapoints of one form, component by component.

    [[1, a], [2, b], ...]   =   a form, and the columns (1, 2, ...) and (a, b, ...)

Many small things side by side cost hardly more than one; whoever sends datapoints in numbers sends
columns of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from dataflow_core.collate.alike import same

#: Larger arrays travel quicker on their own, without a copy.
LARGEST_BYTES = 4096


class Form(NamedTuple):
    """What datapoints have in common.

    Attributes:
        kind: "list", "tuple" or "dict"; none of their subclasses.
        keys: of a dict, in their order; else how many components there are.
    """

    kind: str
    keys: tuple[Any, ...] | int


def taken_apart(datapoints: Sequence[Any]) -> tuple[Form, list[tuple[Any, ...]]] | None:
    """Return form and columns of datapoints; None if they differ in form.

    Args:
        datapoints: at least one. Of dicts only those whose keys are all str: 1 is True as a key.

    Example:
        >>> taken_apart([[1, "a"], [2, "b"]])
        (Form(kind='list', keys=2), [(1, 2), ('a', 'b')])
    """
    kind = type(datapoints[0])
    if kind not in (list, tuple, dict) or not same(type, datapoints):
        return None
    keys = tuple if kind is dict else len
    if not same(keys, datapoints):
        return None
    if kind is dict and not {*map(type, chain.from_iterable(datapoints))} <= {str}:
        return None
    form = Form(kind.__name__, keys(datapoints[0]))
    # Not zip(*datapoints): an iterator for each would have the garbage collector look at them all.
    places = range(form.keys) if isinstance(form.keys, int) else form.keys
    return form, [tuple([dp[place] for dp in datapoints]) for place in places]


def put_together(form: Form, columns: Iterable[Iterable[Any]]) -> list[Any]:
    """Return the datapoints of such a form, as many as there are rows.

    Example:
        >>> put_together(Form("dict", ("n", "s")), [(1, 2), ("a", "b")])
        [{'n': 1, 's': 'a'}, {'n': 2, 's': 'b'}]
    """
    rows = zip(*columns)
    if isinstance(form.keys, tuple):
        keys = form.keys
        return [dict(zip(keys, row)) for row in rows]
    return [*rows] if form.kind == "tuple" else [*map(list, rows)]


def is_small_array(value: Any) -> bool:
    """Whether `value` is an array, or a numpy scalar, that had better not travel alone."""
    if type(value) is np.ndarray:
        dtype = value.dtype
        # Of records numpy copies the fields, and not what lies between them.
        plain = not dtype.hasobject and dtype.names is None
        return plain and 0 < value.nbytes < LARGEST_BYTES and value.ndim > 0
    return isinstance(value, (np.number, np.bool_))


def stacked(column: Sequence[Any]) -> np.ndarray[Any, Any] | None:
    """Return a column of small arrays, or of numpy scalars, as one; None if it is none such."""
    first = column[0]
    if not is_small_array(first) or not same(type, column) or not _same_form(column):
        return None
    if type(first) is not np.ndarray:
        return np.array(column)
    try:
        joined = bytearray().join(column)
    except (BufferError, TypeError, ValueError):  # not contiguous, or of times
        return None if any(map(_is_fortran, column)) else np.stack(column)
    return np.frombuffer(joined, first.dtype).reshape(len(column), *first.shape)


def _same_form(arrays: Sequence[Any]) -> bool:
    """Whether all arrays, or numpy scalars, have one dtype and one shape."""
    return same(attrgetter("dtype"), arrays) and same(attrgetter("shape"), arrays)


def _is_fortran(array: np.ndarray[Any, Any]) -> bool:
    return array.flags.f_contiguous and not array.flags.c_contiguous


def rows_of(stack: np.ndarray[Any, Any], *, own: bool) -> Iterable[Any]:
    """Return the column that was stacked.

    Args:
        stack: of it.
        own: whether each array is to have memory of its own; else they are views of one, so that
            who keeps one keeps all.
    """
    # Scalars are copied anyway.
    return [row.copy() for row in stack] if own and stack.ndim > 1 else stack
