"""Hand out every datapoint several times in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import SupportsIndex

from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, number, position_of, upstream_place


class RepeatedDataPoint(ProxyDataFlow):
    """Every datapoint of `ds` `num` times: d1 d1 d2 d2 ...

    The copies are one object; each has a position, and so random numbers, of its own.

    Raises:
        ValueError: if `num` is below 1.

    Example:
        >>> import dataflow_core as df
        >>> list(RepeatedDataPoint(df.DataFromList([1, 2], shuffle=False), 2))
        [1, 1, 2, 2]
    """

    def __init__(self, ds: DataFlow, num: SupportsIndex) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num", "RepeatedDataPoint")

    def __len__(self) -> int:
        return len(self.ds) * self.num

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _EachRun(self.ds._open(scope, upstream_place(place)), self.num, place)

    def _params(self) -> Mapping[str, object]:
        return {"*num": self.num}


class _EachRun(Run):
    """`_done` counts how often the datapoint that begins at `_begin` was handed out."""

    __slots__ = ("_begin", "_done", "_num", "_upstream")

    def __init__(self, upstream: Run, num: int, place: Place | None) -> None:
        super().__init__(position_of(place))
        self._upstream = upstream
        self._num = num
        self._begin = upstream.place()
        self._done = number(place, "times") if self.position >= 0 else 0

    def __iter__(self) -> Iterator[Datapoint]:
        for dp in self._upstream:
            for self._done in range(self._done + 1, self._num + 1):
                self.position += 1
                yield dp
            self._done = 0
            self._begin = self._upstream.place()

    def place(self) -> Place:
        if self._done == self._num:
            return {"position": self.position + 1, "times": 0, "ds": self._upstream.place()}
        return {"position": self.position + 1, "times": self._done, "ds": self._begin}

    def give_back(self) -> None:
        self.position -= 1
        self._done -= 1

    def close(self) -> None:
        self._upstream.close()
