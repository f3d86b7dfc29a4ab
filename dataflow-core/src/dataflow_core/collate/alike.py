"""Batches that can be taken apart again, where nothing is lost by it.

A batch that a worker made may turn out to straddle two batches of the stream, once it is known
what was dropped before. If its members were alike, its rows make the same batches as they did;
but for Python's numbers, which an array changes for good, and which are kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from dataflow_core.collate.components import collate_lists, of_kind
from dataflow_core.collate.stack import stack

_NUMBERS = frozenset({bool, int, float})
_PLAIN = _NUMBERS | {str, bytes}

#: For each component of a batch: the datapoints' own values, if they are Python's numbers.
Numbers: TypeAlias = "list[list[Any] | None]"


def stacked_if_alike(datapoints: Sequence[Any]) -> tuple[Any, Numbers] | None:
    """Return what `collate_stacked` does, and its numbers.

    None, unless containers, types and dtypes are equal: then `split` undoes it.

    Args:
        datapoints: of a batch, at least one.

    Raises:
        BatchError: if shapes differ, or an int does not fit into int32.

    Example:
        >>> stacked_if_alike([[1, "a"], [2, "b"]])
        ([array([1, 2], dtype=int32), array(['a', 'b'], dtype=object)], [[1, 2], None])
    """
    columns = _columns(datapoints)
    if not columns or not all(map(_of_one_kind, columns)):
        return None
    numbers = [values if type(values[0]) in _NUMBERS else None for values in columns]
    first = datapoints[0]
    if isinstance(first, dict):
        return {key: stack(values, key) for key, values in zip(first, columns)}, numbers
    return of_kind(first, [stack(values, at) for at, values in enumerate(columns)]), numbers


def listed_if_alike(datapoints: Sequence[Any]) -> tuple[Any, Numbers] | None:
    """Return what `collate_lists` does; None, unless all containers are equal."""
    return (collate_lists(datapoints), []) if _columns(datapoints) else None


def split(batch: Any, numbers: Numbers) -> list[Any]:
    """Return datapoints that make the same batches as those that a batch was made of.

    Args:
        batch: of datapoints that were alike.
        numbers: of it.

    Example:
        >>> import numpy as np
        >>> split([np.array([1, 2], "int32"), ["a", "b"]], [[1, 2], None])
        [[1, 'a'], [2, 'b']]
    """
    values = batch.values() if isinstance(batch, dict) else batch
    columns = [own or stacked for own, stacked in zip_longest(numbers, values)]
    if isinstance(batch, dict):
        return [dict(zip(batch, row)) for row in zip(*columns)]
    return [of_kind(batch, [*row]) for row in zip(*columns)]


def same(fact: Callable[[Any], object], values: Sequence[Any]) -> bool:
    """Whether `fact` is equal for all values.

    >>> same(len, ["ab", "cd", "e"])
    False
    """
    facts = [*map(fact, values)]
    # Neither a loop nor a hash, and identity, as types and dtypes have it, counts as equal at once.
    return facts.count(facts[0]) == len(facts)


def _columns(datapoints: Sequence[Any]) -> list[list[Any]] | None:
    """Return the components of datapoints, if they have any; None unless containers are equal."""
    first = datapoints[0]
    if not same(type, datapoints):
        return None
    places: Iterable[Any]
    if isinstance(first, dict):
        places = first.keys()
        if not all(dp.keys() == places for dp in datapoints):
            return None
    elif isinstance(first, (list, tuple)) and same(len, datapoints):
        places = range(len(first))
    else:
        return None
    # Not zip(*datapoints): an iterator for each would have the garbage collector look at them all.
    return [[dp[place] for dp in datapoints] for place in places]


def _of_one_kind(values: Sequence[Any]) -> bool:
    """Whether values have one type, and one dtype if they have any."""
    kind = type(values[0])
    if not same(type, values):
        return False
    if kind is np.ndarray or issubclass(kind, np.generic):
        dtype = values[0].dtype
        # Stacked arrays have the byte order of this machine, and rows of scalars no dimension.
        told = dtype.kind != "O" and dtype.isnative and (kind is not np.ndarray or values[0].ndim)
        return bool(told) and same(attrgetter("dtype"), values)
    return kind in _PLAIN
