"""Several passes over an upstream, within one epoch of a stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dataflow_core.errors import EmptyDataFlowError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, PlaceValue, Run, Scope, number, upstream_place


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
            for self.position, dp in enumerate(self._items(), self.position + 1):
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

    def _items(self) -> Iterator[Datapoint]:
        return iter(self._upstream)

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


class AddressesRun(PassesRun):
    """Where the datapoints of an indexed upstream are, rather than these: (epoch, position, index).

    Whoever reads one elsewhere needs all three: draws of a source belong to its own epoch and
    position.
    """

    __slots__ = ()

    def _open_pass(self, place: Place | None) -> Run:
        epoch = self._passes.first + self.pass_number
        return self._flow.ds._chain().open_base(self._scope.at_epoch(epoch), place)

    def _items(self) -> Iterator[Datapoint]:
        epoch, upstream = self._passes.first + self.pass_number, self._upstream
        return ((epoch, upstream.position, index) for index in upstream)
