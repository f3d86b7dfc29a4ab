"""Epochs of a chosen size, whatever the upstream's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, SupportsIndex

from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import PASS_STRIDE, Place, Run, Scope, position_of
from dataflow_core.operators.passes import Passes, PassesRun

if TYPE_CHECKING:
    from dataflow_core.flow.opaque import OpaqueRun


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
        # Which datapoints an epoch begins with is counted, from the first one on.
        scope = scope.in_order()
        if not self.keep_state:
            anew = PassesRun(self, scope, Passes(scope.epoch * PASS_STRIDE, None), place)
            start = position_of(place)
            return _FixedRun(self, _Tail(scope, anew, start), 0, start)
        # A repetition inside another one has epochs PASS_STRIDE apart: each is one of its own.
        passes = Passes(scope.epoch // PASS_STRIDE * PASS_STRIDE, None)
        begin, start = self._begin_of(scope), position_of(place)
        tail, self._tail = self._tail, None
        if tail is not None and (start or not tail.leads_to(scope, begin)):
            tail.run.close()
            tail = None
        if start:
            resumed = _Tail(scope, PassesRun(self, scope, passes, place), begin + start)
            return _FixedRun(self, resumed, begin, start)
        if tail is None:
            tail = _Tail(scope, PassesRun(self, scope, passes, None), 0)
        return _FixedRun(self, tail, begin, 0)

    def _begin_of(self, scope: Scope) -> int:
        return scope.epoch % PASS_STRIDE * self.fixed_length

    def _bind(self, scope: Scope, epochs_apart: int = 1, owner: OpaqueRun | None = None) -> None:
        if self._tail is not None and not self._tail.leads_to(scope, self._begin_of(scope)):
            self._drop_tail()
        super()._bind(scope, epochs_apart, owner)

    def close(self) -> None:
        if self._session is not None:
            self._session.stop(self)
        self._drop_tail()
        super().close()

    def _drop_tail(self) -> None:
        if self._tail is not None:
            self._tail.run.close()
            self._tail = None

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_tail": None}

    def _params(self) -> Mapping[str, object]:
        return {"*size": self.fixed_length, "keep_state": self.keep_state}


class _Tail:
    """The endless repetition, open at some position, kept from one epoch to the next.

    Attributes:
        scope: of the epoch that opened it.
        run: the repetition.
        items: the iterator over `run`.
        position: of the next of `items` in the repetition.
        intact: whether `items` can go on: no exception ended it, nothing was given back.
    """

    def __init__(self, scope: Scope, run: PassesRun, position: int) -> None:
        self.scope = scope
        self.run = run
        self.items = iter(run)
        self.position = position
        self.intact = True

    def leads_to(self, scope: Scope, position: int) -> bool:
        return _repetition(self.scope) == _repetition(scope) and self.position <= position

    def move_to(self, position: int) -> None:
        for _ in islice(self.items, position - self.position):
            pass
        self.position = position


def _repetition(scope: Scope) -> tuple[int, int, int]:
    return scope.seed, scope.first, scope.epoch // PASS_STRIDE


class _FixedRun(Run):
    """`size` datapoints of the repetition, from its position `begin` on."""

    __slots__ = ("_begin", "_flow", "_tail")

    def __init__(self, flow: FixedSizeData, tail: _Tail, begin: int, start: int) -> None:
        super().__init__(start)
        self._flow = flow
        self._tail = tail
        self._begin = begin

    def __iter__(self) -> Iterator[Datapoint]:
        tail, flow, start = self._tail, self._flow, self.position + 1
        try:
            tail.move_to(self._begin + start)
            items = islice(tail.items, max(0, flow.fixed_length - start))
            for self.position, dp in enumerate(items, start):
                yield dp
        except GeneratorExit:
            raise
        except BaseException:
            tail.intact = False
            raise
        finally:
            tail.position = self._begin + self.position + 1
            if flow.keep_state and tail.intact:
                flow._tail = tail

    def place(self) -> Place:
        if self.position < 0:
            return 0
        return {**self._tail.run.place(), "position": self.position + 1}

    def give_back(self) -> None:
        self.position -= 1
        self._tail.intact = False
        self._tail.run.give_back()

    def close(self) -> None:
        if self._flow._tail is not self._tail:
            # An exception may hold on to `items`, whose end comes later then and finds this.
            self._tail.intact = False
            self._tail.run.close()
