"""Many small datapoints of one form as a few arrays.

Pickling an array of a few bytes costs a microsecond on either side, a hundred of them side by side
in one array hardly more. So what travels between processes is not the datapoints but their
components: `[[1, a], [2, b], ...]` as `[1, 2, ...]` and the stack of `a`, `b`, ...
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from dataflow_core.collate.uniform import same, same_form
from dataflow_core.flow.datapoint import Datapoint

#: Fewer datapoints are not worth looking at.
WORTH_IT = 8

#: Larger arrays travel quicker on their own, without a copy.
LARGEST_BYTES = 4096

#: (name of the datapoints' type, a dict's keys or how many components, for each component (whether
#: its values are stacked, them)).
Columns: TypeAlias = "tuple[str, Any, list[tuple[bool, Any]]]"


def to_columns(datapoints: Sequence[Datapoint]) -> Columns | None:
    """Return the components of datapoints; None if they differ in form, or nothing is gained.

    Only lists, tuples and dicts are taken apart, none of their subclasses.
    """
    if len(datapoints) < WORTH_IT or not _has_small_arrays(datapoints[0]):
        return None
    kind = type(datapoints[0])
    form = tuple if kind is dict else len
    if not same(type, datapoints) or not same(form, datapoints):
        return None
    rows: Iterable[Any] = map(dict.values, datapoints) if kind is dict else datapoints
    columns = [_stacked(values) for values in zip(*rows)]
    if not any(stacked for stacked, _ in columns):
        return None
    return kind.__name__, form(datapoints[0]), columns


def from_columns(packed: Columns, *, own: bool) -> list[Datapoint]:
    """Return the datapoints again.

    Args:
        packed: what `to_columns` returned.
        own: whether each array is to have memory of its own; else they are views of one, so that
            who keeps one keeps all.
    """
    kind, form, columns = packed
    rows = zip(*(_rows(values, own=own) if stacked else values for stacked, values in columns))
    if kind == "dict":
        return [dict(zip(form, row)) for row in rows]
    return [*rows] if kind == "tuple" else [*map(list, rows)]


def _has_small_arrays(dp: Datapoint) -> bool:
    if type(dp) not in (list, tuple, dict):
        return False
    values = dp.values() if type(dp) is dict else dp
    return any(_is_small(value) for value in values)


def _is_small(value: Any) -> bool:
    if type(value) is np.ndarray:
        return 0 < value.nbytes < LARGEST_BYTES and value.ndim > 0 and not value.dtype.hasobject
    return isinstance(value, (np.number, np.bool_))


def _stacked(values: tuple[Any, ...]) -> tuple[bool, Any]:
    first = values[0]
    if not _is_small(first) or not same(type, values) or not same_form(values):
        return False, values
    if type(first) is not np.ndarray:
        return True, np.array(values)
    try:
        joined = bytearray().join(values)
    except (BufferError, TypeError, ValueError):  # not contiguous, or of times
        return True, np.stack(values)
    return True, np.frombuffer(joined, first.dtype).reshape(len(values), *first.shape)


def _rows(stacked: np.ndarray[Any, Any], *, own: bool) -> Iterable[Any]:
    # Scalars are copied anyway.
    return [row.copy() for row in stacked] if own and stacked.ndim > 1 else stacked
