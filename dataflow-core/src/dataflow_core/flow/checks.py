"""Checks of parameters that several operators share."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import SupportsIndex

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.proxy import checked_flow


def checked_count(value: SupportsIndex, name: str, stage: str, at_least: int | None = 1) -> int:
    """Return `value` as an int.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is below `at_least`, which None leaves to the caller.
    """
    try:
        number = operator.index(value)
    except TypeError:
        message = f"{name} of {stage} is an integer, not {type(value).__name__} ({value!r})"
        raise TypeError(message) from None
    if at_least is not None and number < at_least:
        raise ValueError(f"{name} of {stage} is at least {at_least}, got {number}")
    return number


def checked_callable(func: object, name: str, stage: str) -> None:
    """Raise a TypeError unless `func` can be called."""
    if not callable(func):
        raise TypeError(f"{name} of {stage} is a function, not {type(func).__name__} ({func!r})")


def checked_flows(df_lists: Sequence[DataFlow], stage: str) -> list[DataFlow]:
    """Return the flows as a list.

    Raises:
        TypeError: if one is no flow, or a flow is given instead of a list.
        ValueError: if there are none.
    """
    if isinstance(df_lists, DataFlow):
        raise TypeError(f"{stage} takes a list of flows: {stage}([a, b])")
    flows = [checked_flow(ds, stage) for ds in df_lists]
    if not flows:
        raise ValueError(f"{stage} needs at least one flow")
    return flows
