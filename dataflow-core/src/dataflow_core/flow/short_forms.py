"""Short forms: every registered operator is also a method of every flow."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex

from dataflow_core.registry import registry

if TYPE_CHECKING:
    import os

    from dataflow_core.flow.dataflow import DataFlow
    from dataflow_core.flow.datapoint import Component, Datapoint, Index
    from dataflow_core.parallel import Backend, ParallelData
    from dataflow_core.parallel.policy import OnError
    from dataflow_core.parallel.replicate import ReplicateData

    class _Shuffle(Protocol):
        def __call__(
            self,
            buffer_size: SupportsIndex,
            num_reuse: SupportsIndex = 1,
            shuffle_interval: SupportsIndex | None = None,
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
            self, batch_size: SupportsIndex, remainder: bool = False, use_list: bool = False
        ) -> DataFlow: ...
        def batch_by_shape(
            self, batch_size: SupportsIndex, idx: Index, remainder: bool = False
        ) -> DataFlow: ...
        def padded_batch(
            self, batch_size: SupportsIndex, pad_value: float = 0, remainder: bool = False
        ) -> DataFlow: ...
        def fixed_size(self, size: SupportsIndex, keep_state: bool = True) -> DataFlow: ...
        def repeat(self, num: SupportsIndex) -> DataFlow: ...
        def repeat_each(self, num: SupportsIndex) -> DataFlow: ...

        #: Sources keep a flag of this name on themselves; then it is that, and no method.
        shuffle: _Assignable

        def cache(
            self, shuffle: bool = False, *, limit_bytes: SupportsIndex | None = None
        ) -> DataFlow: ...
        def shard(self, index: SupportsIndex, count: SupportsIndex) -> DataFlow: ...
        def take(self, num: SupportsIndex) -> DataFlow: ...
        def skip(self, num: SupportsIndex) -> DataFlow: ...
        def print(
            self,
            num: SupportsIndex = 1,
            name: str | None = None,
            max_depth: int = 3,
            max_list: int = 3,
        ) -> DataFlow: ...
        def concat(self, *others: DataFlow) -> DataFlow: ...
        def join(self, *others: DataFlow) -> DataFlow: ...
        def parallel(
            self,
            num_workers: SupportsIndex | None = None,
            backend: str | Backend = "thread",
            *,
            max_in_flight: SupportsIndex | None = None,
            ordered: bool | int = True,
            on_error: OnError = "raise",
            max_errors: float | None = None,
            quarantine: str | os.PathLike[str] | None = None,
            timeout_s: float | None = None,
        ) -> ParallelData: ...
        def replicate(
            self, num_workers: SupportsIndex, backend: str | Backend = "process"
        ) -> ReplicateData: ...

    def __getattr__(self, name: str) -> Callable[..., DataFlow]:
        if inspect.getattr_static(type(self), name, None) is not None:
            # A property raised this AttributeError: its own text tells what is missing.
            object.__getattribute__(self, name)
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name == "ds":
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute 'ds'; call super().__init__(ds)"
                " in its __init__()"
            )
        if name not in registry.operators:
            near = registry.near(name, "operators")
            hint = f"; operators spelled alike: {', '.join(near)}" if near else ""
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}, and no operator of"
                f" that name is installed{hint}"
            )
        operator = registry.get(name, "operators")
        short_form = getattr(operator, "_short_form", operator)
        # Not a function: what an operator warns of is to be found at the caller of the short form.
        bound: functools.partial[DataFlow] = functools.partial(short_form, self)
        bound.__doc__ = operator.__doc__
        return bound

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *registry.operators})
