"""Short forms: every registered operator is also a method of every flow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dataflow_core.registry import registry

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow
    from dataflow_core.flow.datapoint import Component, Datapoint, Index


if TYPE_CHECKING:

    class _Shuffle(Protocol):
        def __call__(
            self, buffer_size: int, num_reuse: int = 1, shuffle_interval: int | None = None
        ) -> DataFlow: ...

    class _Assignable:
        """Reads as the short form; a source may assign what it likes."""

        def __get__(self, flow: object, owner: object = None) -> _Shuffle: ...
        def __set__(self, flow: object, value: object) -> None: ...


class ShortForms:
    """Resolves `flow.name(...)` to the operator registered as `name`, called with the flow.

    The methods declared here are core's own, for type checkers; plugins' appear beside them.
    """

    if TYPE_CHECKING:

        def map(self, func: Callable[[Any], Datapoint | None]) -> DataFlow: ...
        def map_component(
            self, func: Callable[[Any], Component | None], index: Index = 0
        ) -> DataFlow: ...
        def filter(self, predicate: Callable[[Any], object]) -> DataFlow: ...
        def select(self, idxs: Sequence[Index]) -> DataFlow: ...
        def batch(
            self, batch_size: int, remainder: bool = False, use_list: bool = False
        ) -> DataFlow: ...
        def batch_by_shape(
            self, batch_size: int, idx: Index, remainder: bool = False
        ) -> DataFlow: ...
        def padded_batch(
            self, batch_size: int, pad_value: float = 0, remainder: bool = False
        ) -> DataFlow: ...
        def fixed_size(self, size: int, keep_state: bool = True) -> DataFlow: ...
        def repeat(self, num: int) -> DataFlow: ...
        def repeat_each(self, num: int) -> DataFlow: ...

        #: Sources keep a flag of this name on themselves; then it is that, and no method.
        shuffle: _Assignable

        def cache(self, shuffle: bool = False, *, limit_bytes: int | None = None) -> DataFlow: ...
        def shard(self, index: int, count: int) -> DataFlow: ...
        def take(self, num: int) -> DataFlow: ...
        def skip(self, num: int) -> DataFlow: ...
        def print(
            self, num: int = 1, name: str | None = None, max_depth: int = 3, max_list: int = 3
        ) -> DataFlow: ...
        def concat(self, *others: DataFlow) -> DataFlow: ...
        def join(self, *others: DataFlow) -> DataFlow: ...
        def parallel(
            self, num_workers: int | None = None, backend: str = "thread", **options: Any
        ) -> DataFlow: ...
        def replicate(self, num_workers: int, backend: str = "process") -> DataFlow: ...

    def __getattr__(self, name: str) -> Callable[..., DataFlow]:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name not in registry.operators:
            near = registry.near(name, "operators")
            hint = f"; operators spelled alike: {', '.join(near)}" if near else ""
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}, and no operator of"
                f" that name is installed{hint}"
            )
        operator = registry.get(name, "operators")
        short_form = getattr(operator, "_short_form", operator)
        bound: Callable[..., DataFlow] = functools.partial(short_form, self)
        return bound

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *registry.operators})
