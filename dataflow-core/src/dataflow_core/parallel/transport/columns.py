"""Many small datapoints of one form as a few arrays.

Pickling an array of a few bytes costs a microsecond on either side, a hundred of them side by side
in one array hardly more. So what travels between processes is not the datapoints but their
components.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dataflow_core.collate import (
    Form,
    is_small_array,
    put_together,
    rows_of,
    stacked,
    taken_apart,
)
from dataflow_core.flow.datapoint import Datapoint

#: Fewer datapoints are not worth looking at.
WORTH_IT = 8

#: (kind and keys of the datapoints' form, for each component (whether it is stacked, it)).
Columns: TypeAlias = "tuple[str, Any, list[tuple[bool, Any]]]"


def to_columns(datapoints: Sequence[Datapoint]) -> Columns | None:
    """Return the components of datapoints; None if they differ in form, or nothing is gained."""
    if len(datapoints) < WORTH_IT or not _has_small_arrays(datapoints[0]):
        return None
    apart = taken_apart(datapoints)
    if apart is None:
        return None
    form, components = apart
    stacks = [*map(stacked, components)]
    if all(stack is None for stack in stacks):
        return None
    columns: list[tuple[bool, Any]] = [
        (False, component) if stack is None else (True, stack)
        for component, stack in zip(components, stacks)
    ]
    return (*form, columns)


def from_columns(packed: Columns, *, own: bool) -> list[Datapoint]:
    """Return the datapoints again.

    Args:
        packed: what `to_columns` returned.
        own: as for `rows_of`.
    """
    kind, keys, columns = packed
    components = [rows_of(values, own=own) if is_stack else values for is_stack, values in columns]
    return put_together(Form(kind, keys), components)


def _has_small_arrays(dp: Datapoint) -> bool:
    if type(dp) not in (list, tuple, dict):
        return False
    values = dp.values() if type(dp) is dict else dp
    return any(map(is_small_array, values))
