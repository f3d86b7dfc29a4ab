"""What flows: datapoints, their components, and the sign for "left out"."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from dataflow_core.errors import ComponentError

#: One component: any Python object.
Component: TypeAlias = Any

#: A list, tuple or dict of components.
Datapoint: TypeAlias = Any

#: Names a component: a position in a list or tuple, a key of a dict.
Index: TypeAlias = Hashable


class Dropped(Enum):
    """The type of `DROP`."""

    DROP = "drop"


#: What a step returns for a datapoint that leaves the stream.
DROP: Final = Dropped.DROP

D = TypeVar("D")


def shallow_copy(dp: D) -> D:
    """Return a datapoint that can be changed without changing `dp`; components are shared."""
    if isinstance(dp, (list, dict)):
        return dp.copy()  # type: ignore[return-value]
    if isinstance(dp, (tuple, int, float, str, bytes)):
        return dp
    return copy.copy(dp)


def component(dp: Datapoint, index: Index, stage: str) -> Component:
    """Return `dp[index]`, or raise a ComponentError that names the stage."""
    try:
        return dp[index]
    except (LookupError, TypeError) as error:
        raise no_component(dp, index, stage) from error


def with_component(dp: Datapoint, index: Index, value: Component) -> Datapoint:
    """Return a shallow copy of `dp` whose component `index` is `value`."""
    if isinstance(dp, tuple):
        components = list(dp)
        components[index] = value  # type: ignore[call-overload]
        make = getattr(dp, "_make", tuple)
        return make(components)
    changed = shallow_copy(dp)
    changed[index] = value
    return changed


def no_component(dp: Datapoint, index: Index, stage: str) -> ComponentError:
    """Return the error for a datapoint that lacks a component."""
    if isinstance(dp, dict):
        has = f"a dict with the keys {list(dp)!r}"
    elif isinstance(dp, (list, tuple)):
        has = f"a {type(dp).__name__} of {len(dp)} components"
    else:
        has = f"a {type(dp).__name__}, which is neither list, tuple nor dict"
    return ComponentError(f"{stage} asks for component {index!r}, but the datapoint is {has}")
