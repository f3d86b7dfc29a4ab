"""Streams side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from dataflow_core.flow import DataFlow
from dataflow_core.testing.canonical import canonical

F = TypeVar("F", bound=DataFlow)

SEED = 0x5EED


def seeded_flow(make: Callable[[], F], seed: int = SEED) -> F:
    """Return a new flow, reset with a seed."""
    flow = make()
    flow.reset_state(seed)
    return flow


def json_round_trip(state: dict[str, object]) -> dict[str, object]:
    """Return a state as it comes back from a file of JSON."""
    loaded: dict[str, object] = json.loads(json.dumps(state, allow_nan=False))
    return loaded


def assert_same_stream(actual: Iterable[Any], expected: Iterable[Any]) -> None:
    """Check that two streams are equal in every datapoint, types, dtypes and bits included.

    Raises:
        AssertionError: naming the first position in which they differ.

    Example:
        >>> assert_same_stream(iter([[1], [2]]), [[1], [2]])
        >>> assert_same_stream([[1], [2]], [[1], [2.0]])
        Traceback (most recent call last):
        AssertionError: the streams differ at position 1: [2], expected [2.0]
    """
    ours, theirs = list(actual), list(expected)
    for position, (one, other) in enumerate(zip(ours, theirs)):
        if canonical(one) != canonical(other):
            raise AssertionError(
                f"the streams differ at position {position}: {one!r}, expected {other!r}"
            )
    if len(ours) != len(theirs):
        raise AssertionError(f"the stream has {len(ours)} datapoints, expected {len(theirs)}")
