"""Run the upstream several times within one epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import SupportsIndex

from dataflow_core.errors import EmptyDataFlowError, UnknownLengthError
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import (
    PASS_STRIDE,
    Place,
    PlaceValue,
    Run,
    Scope,
    number,
    upstream_place,
)
from dataflow_core.operators.checks import checked_count

FOREVER = -1


class RepeatedData(ProxyDataFlow):
    """`num` passes over `ds` in every epoch; -1: forever.

    Each pass is a new epoch of `ds`: epoch e holds its epochs e * num ... e * num + num - 1.

    Order: as `ds`, pass after pass. The length is unknown for -1.

    Raises:
        ValueError: if `num` is neither -1 nor at least 1.
        EmptyDataFlowError: while iterating, if `num` is -1 and `ds` is empty.

    Example:
        >>> import dataflow_core as df
        >>> list(RepeatedData(df.DataFromList([1, 2], shuffle=False), 2))
        [1, 2, 1, 2]
    """

    def __init__(self, ds: DataFlow, num: SupportsIndex) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num (-1: forever)", "RepeatedData", at_least=FOREVER)
        if self.num == 0:
            raise ValueError("num of RepeatedData is at least 1, or -1 for forever, got 0")

    def __len__(self) -> int:
        if self.num == FOREVER:
            raise UnknownLengthError("RepeatedData(-1) never ends")
        return len(self.ds) * self.num

    def _open(self, scope: Scope, place: Place | None) -> Run:
        if self.num == FOREVER:
            epochs = Passes(scope.epoch * PASS_STRIDE, None)
        else:
            epochs = Passes(scope.epoch * self.num, self.num)
        return PassesRun(self, scope, epochs, place)

    def _params(self) -> Mapping[str, object]:
        return {"*num": self.num}


class Passes:
    """Which epochs of the upstream make up one epoch.

    Attributes:
        first: the upstream's epoch of pass 0.
        count: how many passes there are; None is without end.
    """

    __slots__ = ("count", "first")

    def __init__(self, first: int, count: int | None) -> None:
        self.first = first
        self.count = count


class PassesRun(Run):
    """One pass over the upstream after the other."""

    __slots__ = ("_flow", "_passes", "_scope", "_upstream", "_whole", "pass_number")

    def __init__(
        self, flow: ProxyDataFlow, scope: Scope, passes: Passes, place: Place | None
    ) -> None:
        begun = place is not None and place != 0
        super().__init__(number(place, "position") if begun else 0)
        self._flow = flow
        self._scope = scope
        self._passes = passes
        self.pass_number = number(place, "pass") if begun else 0
        begin = upstream_place(place)
        self._whole = begin is None or begin == 0
        self._upstream = self._open_pass(begin)

    def _open_pass(self, place: Place | None) -> Run:
        epoch = self._passes.first + self.pass_number
        return self._flow.ds._open(self._scope.at_epoch(epoch), place)

    def __iter__(self) -> Iterator[Datapoint]:
        while True:
            before = self.position
            for self.position, dp in enumerate(self._upstream, self.position + 1):
                yield dp
            count = self._passes.count
            if count is not None and self.pass_number + 1 >= count:
                return
            if count is None and self._whole and self.position == before:
                raise EmptyDataFlowError(
                    f"{self._flow._label()} repeats {self._flow.ds._label()}, which had no"
                    " datapoint in a whole pass, so that it might never end"
                )
            self._whole = True
            self._upstream.close()
            self.pass_number += 1
            self._upstream = self._open_pass(None)

    def place(self) -> Mapping[str, PlaceValue]:
        return {
            "position": self.position + 1,
            "pass": self.pass_number,
            "ds": self._upstream.place(),
        }

    def give_back(self) -> None:
        self.position -= 1
        self._upstream.give_back()

    def close(self) -> None:
        self._upstream.close()
