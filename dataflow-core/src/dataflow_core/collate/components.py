"""Collate whole datapoints: lists, tuples and dicts, component by component."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dataflow_core.collate.pad import pad
from dataflow_core.collate.stack import stack
from dataflow_core.errors import BatchError

Collate = Callable[[Sequence[Any]], Any]


def collate_stacked(datapoints: Sequence[Any]) -> Any:
    """Stack each component on a new axis 0; see `stack` for the dtypes."""
    return _by_component(datapoints, stack)


def collate_lists(datapoints: Sequence[Any]) -> Any:
    """Put each component into a list."""
    return _by_component(datapoints, lambda values, _: list(values))


def collate_padded(datapoints: Sequence[Any], pad_value: float) -> Any:
    """Pad each component to the largest of the batch and stack them."""
    return _by_component(datapoints, lambda values, name: pad(values, name, pad_value))


def _by_component(
    datapoints: Sequence[Any], combine: Callable[[Sequence[Any], object], Any]
) -> Any:
    first = datapoints[0]
    if isinstance(first, dict):
        _check_keys(datapoints)
        return {key: combine([dp[key] for dp in datapoints], key) for key in first}
    if not isinstance(first, (list, tuple)):
        raise BatchError(
            f"a batch is made of lists, tuples or dicts of components, not {type(first).__name__};"
            " wrap a single component: map(lambda x: [x])"
        )
    _check_lengths(datapoints, len(first))
    return of_kind(first, [combine(values, at) for at, values in enumerate(zip(*datapoints))])


def of_kind(dp: Any, components: list[Any]) -> Any:
    """Return components in a container like that of `dp`, a list or a tuple, named or not."""
    if isinstance(dp, list):
        return components
    make = getattr(dp, "_make", tuple)
    return make(components)


def _check_lengths(datapoints: Sequence[Any], length: int) -> None:
    if {*map(type, datapoints)} <= {list, tuple} and {*map(len, datapoints)} == {length}:
        return
    if all(isinstance(dp, (list, tuple)) and len(dp) == length for dp in datapoints):
        return
    described = [
        len(dp) if isinstance(dp, (list, tuple)) else type(dp).__name__ for dp in datapoints
    ]
    raise BatchError(f"datapoints of one batch have different numbers of components: {described}")


def _check_keys(datapoints: Sequence[Any]) -> None:
    keys = datapoints[0].keys()
    for position, dp in enumerate(datapoints):
        if not isinstance(dp, dict) or dp.keys() != keys:
            has = list(dp) if isinstance(dp, dict) else type(dp).__name__
            raise BatchError(
                f"datapoints of one batch have different keys: {list(keys)} at 0, {has} at"
                f" {position}"
            )
