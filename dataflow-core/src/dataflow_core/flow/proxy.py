"""Flows over one upstream."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import ClassVar

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Call, Step
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint


def checked_flow(ds: DataFlow, stage: str) -> DataFlow:
    """Return `ds`, or raise a TypeError that says how to make a flow of it."""
    if isinstance(ds, DataFlow):
        return ds
    if isinstance(ds, type) and issubclass(ds, DataFlow):
        raise TypeError(f"{stage} needs a flow, not the class {ds.__name__}: call it first")
    raise TypeError(
        f"{stage} needs a DataFlow as its upstream, not {type(ds).__name__}; wrap a list into"
        " DataFromList, another iterable into DataFromIterable, a generator function into"
        " DataFromGenerator"
    )


class ProxyDataFlow(DataFlow):
    """Stands for one upstream, `self.ds`, and does all that it does.

    A subclass that writes `get_data()` iterates `self.ds` in it, as often as it likes: random
    numbers, epochs and `reset_state()` are taken care of.

    Order, duplicates, loss: those of `ds`.

    Raises:
        TypeError: if `ds` is not a DataFlow.

    Example:
        >>> import dataflow_core as df
        >>> class Twice(df.ProxyDataFlow):
        ...     def get_data(self):
        ...         for dp in self.ds:
        ...             yield dp
        ...             yield dp
        >>> list(Twice(df.DataFromList([[1], [2]], shuffle=False)))
        [[1], [1], [2], [2]]
    """

    def __init__(self, ds: DataFlow) -> None:
        self.ds = checked_flow(ds, type(self).__name__)

    def __len__(self) -> int:
        return len(self.ds)

    def _upstreams(self) -> Sequence[DataFlow]:
        return (self.ds,)

    def _chain(self) -> Chain:
        return self.ds._chain()

    @property
    def _stateless(self) -> bool:
        return self.ds._stateless


class PointwiseFlow(ProxyDataFlow):
    """A stage that works on datapoints one by one; its subclasses write `_call()`.

    Such a stage runs in workers, keeps positions, and resumes at no cost.
    """

    #: Whether it asks `dataflow_core.collate.row` for the memory of what it makes.
    writes_rows: ClassVar[bool] = False

    _draws: ClassVar[bool] = True

    @property
    def _may_drop(self) -> bool:
        """Whether the function of `_call()` ever returns DROP; False lets more run in workers."""
        return True

    @abstractmethod
    def _call(self) -> Call:
        """Return the function datapoint → datapoint or DROP; asked for once per run."""

    def _mapped(self) -> Callable[[Datapoint], Datapoint | None] | None:
        """Return a function that does the same to a shallow copy, None meaning DROP, if any."""
        return None

    def _chain(self) -> Chain:
        step = Step(
            self,
            self._call(),
            self._draws,
            self._may_drop,
            self._mapped(),
            self._call_before,
        )
        return self.ds._chain().then(step)


def calls_of(stages: Sequence[PointwiseFlow]) -> list[Call]:
    """Return what stages do that run one right after the other."""
    return [
        (None if following is None else stage._call_before(following)) or stage._call()
        for stage, following in zip_longest(stages, stages[1:])
    ]
