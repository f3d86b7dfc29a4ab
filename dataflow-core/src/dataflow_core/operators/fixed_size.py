"""Epochs of a chosen size, whatever the upstream's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import SupportsIndex

from dataflow_core.errors import EmptyDataFlowError
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import PASS_STRIDE, Place, Run, Scope, position_of
from dataflow_core.operators.checks import checked_count
from dataflow_core.operators.repeat import Passes, PassesRun


class FixedSizeData(ProxyDataFlow):
    """`size` datapoints per epoch, out of the endless repetition of `ds`.

    With `keep_state=True` epoch e is the datapoints e * size ... of the repetition, whose pass p
    is epoch p of `ds`: every datapoint gets its turn. Otherwise every epoch begins anew.

    Order: as `ds`. Where an epoch begins is known at no cost from one epoch to the next and from
    a state; jumping to an epoch with `set_epoch` may have to read what lies before.

    Raises:
        ValueError: if `size` is below 1.
        EmptyDataFlowError: while iterating, if `ds` is empty.

    Example:
        >>> import dataflow_core as df
        >>> flow = FixedSizeData(df.DataFromList([1, 2, 3, 4, 5], shuffle=False), 3)
        >>> list(flow), list(flow), list(flow)
        ([1, 2, 3], [4, 5, 1], [2, 3, 4])
    """

    def __init__(self, ds: DataFlow, size: SupportsIndex, keep_state: bool = True) -> None:
        super().__init__(ds)
        self.fixed_length = checked_count(size, "size", "FixedSizeData")
        self.keep_state = keep_state
        self._tail: _Tail | None = None

    def __len__(self) -> int:
        return self.fixed_length

    @property
    def _stateless(self) -> bool:
        return False

    def _open(self, scope: Scope, place: Place | None) -> Run:
        if not self.keep_state:
            passes = PassesRun(self, scope, Passes(scope.epoch * PASS_STRIDE, None), place)
            return _FixedRun(self, _Tail(scope, passes), position_of(place))
        begin = scope.epoch * self.fixed_length
        if place is not None and place != 0:
            tail = _Tail(scope, PassesRun(self, scope, Passes(0, None), place))
            tail.position = begin + position_of(place)
            return _FixedRun(self, tail, position_of(place))
        tail, self._tail = self._tail, None
        if tail is None or not tail.leads_to(scope, begin):
            tail = _Tail(scope, PassesRun(self, scope, Passes(0, None), None))
        tail.move_to(begin)
        return _FixedRun(self, tail, 0)

    def close(self) -> None:
        super().close()
        if self._tail is not None:
            self._tail.run.close()
            self._tail = None

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_tail": None}

    def _params(self) -> Mapping[str, object]:
        return {"*size": self.fixed_length, "keep_state": self.keep_state}


class _Tail:
    """The endless repetition, open at some position, kept from one epoch to the next."""

    def __init__(self, scope: Scope, run: PassesRun) -> None:
        self.scope = scope
        self.run = run
        self.items = iter(run)
        self.position = 0

    def leads_to(self, scope: Scope, position: int) -> bool:
        same = (self.scope.seed, self.scope.first) == (scope.seed, scope.first)
        return same and self.position <= position

    def move_to(self, position: int) -> None:
        for _ in islice(self.items, position - self.position):
            pass
        self.position = position


class _FixedRun(Run):
    __slots__ = ("_flow", "_tail")

    def __init__(self, flow: FixedSizeData, tail: _Tail, start: int) -> None:
        super().__init__(start)
        self._flow = flow
        self._tail = tail

    def __iter__(self) -> Iterator[Datapoint]:
        tail, flow = self._tail, self._flow
        left = flow.fixed_length - self.position - 1
        begin = tail.position - self.position - 1
        try:
            for self.position, dp in enumerate(islice(tail.items, left), self.position + 1):
                yield dp
        finally:
            tail.position = begin + self.position + 1
            if flow.keep_state:
                flow._tail = tail

    def place(self) -> Place:
        place = self._tail.run.place()
        if isinstance(place, int):
            return self.position + 1
        return {**place, "position": self.position + 1}

    def give_back(self) -> None:
        self.position -= 1
        self._tail.run.give_back()

    def close(self) -> None:
        if not self._flow.keep_state:
            self._tail.run.close()
