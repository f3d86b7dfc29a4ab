"""One flow after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataflow_core.errors import StateError
from dataflow_core.flow.checks import checked_flows
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope, number, position_of, upstream_place


class ConcatData(DataFlow):
    """All datapoints of the first flow, then of the second, and so on.

    Raises:
        TypeError: if `df_lists` is not a list of flows.
        ValueError: if it is empty.

    Example:
        >>> import dataflow_core as df
        >>> one, two = df.DataFromList([1], shuffle=False), df.DataFromList([2, 3], shuffle=False)
        >>> list(ConcatData([one, two]))
        [1, 2, 3]
    """

    def __init__(self, df_lists: Sequence[DataFlow]) -> None:
        self.df_lists = checked_flows(df_lists, "ConcatData")

    @classmethod
    def _short_form(cls, ds: DataFlow, *others: DataFlow) -> ConcatData:
        return cls([ds, *others])

    def __len__(self) -> int:
        return sum(map(len, self.df_lists))

    def _upstreams(self) -> Sequence[DataFlow]:
        return self.df_lists

    @property
    def _stateless(self) -> bool:
        return all(ds._stateless for ds in self.df_lists)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _ConcatRun(self.df_lists, scope, place)


class _ConcatRun(Run):
    __slots__ = ("_flows", "_number", "_scope", "_upstream")

    def __init__(self, flows: Sequence[DataFlow], scope: Scope, place: Place | None) -> None:
        super().__init__(position_of(place))
        self._flows = flows
        self._scope = scope
        self._number = number(place, "flow") if self.position >= 0 else 0
        if self._number >= len(flows):
            raise StateError(f"the state's place names flow {self._number} of {len(flows)}")
        self._upstream = self._open_flow(upstream_place(place))

    def _open_flow(self, place: Place | None) -> Run:
        scope = self._scope.behind(self._flows[: self._number])
        return self._flows[self._number]._open(scope, place)

    def __iter__(self) -> Iterator[Datapoint]:
        while True:
            for self.position, dp in enumerate(self._upstream, self.position + 1):
                yield dp
            if self._number + 1 == len(self._flows):
                return
            self._upstream.close()
            self._number += 1
            self._upstream = self._open_flow(None)

    def place(self) -> Place:
        if self.position < 0:
            return 0
        return {
            "position": self.position + 1,
            "flow": self._number,
            "ds": self._upstream.place(),
        }

    def give_back(self) -> None:
        self.position -= 1
        self._upstream.give_back()

    def close(self) -> None:
        self._upstream.close()
