"""Shorten an epoch at its end or at its beginning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import SupportsIndex

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place


class TakeData(ProxyDataFlow):
    """The first `num` datapoints of every epoch of `ds`.

    Example:
        >>> import dataflow_core as df
        >>> list(TakeData(df.DataFromList([1, 2, 3], shuffle=False), 2))
        [1, 2]
    """

    def __init__(self, ds: DataFlow, num: SupportsIndex) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num", "TakeData", at_least=0)

    def __len__(self) -> int:
        try:
            return min(self.num, len(self.ds))
        except UnknownLengthError:
            message = f"{self._label()} has no length, because it does not know its upstream's"
            raise UnknownLengthError(message) from None

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _SpanRun(self.ds._open(scope, upstream_place(place)), place, 0, self.num)

    def _params(self) -> Mapping[str, object]:
        return {"*num": self.num}


class SkipData(ProxyDataFlow):
    """All but the first `num` datapoints of every epoch of `ds`.

    Over an indexed source, with nothing in between that may drop, these are never read.

    Example:
        >>> import dataflow_core as df
        >>> list(SkipData(df.DataFromList([1, 2, 3], shuffle=False), 2))
        [3]
    """

    def __init__(self, ds: DataFlow, num: SupportsIndex) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num", "SkipData", at_least=0)

    def __len__(self) -> int:
        return max(0, len(self.ds) - self.num)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _SpanRun(self.ds._open(scope, upstream_place(place)), place, self.num, None)

    def _params(self) -> Mapping[str, object]:
        return {"*num": self.num}


class _SpanRun(Run):
    """The datapoints number `first` ... `end` - 1 of the upstream's epoch."""

    __slots__ = ("_end", "_first", "_fresh", "_upstream")

    def __init__(self, upstream: Run, place: Place | None, first: int, end: int | None) -> None:
        super().__init__(position_of(place))
        self._upstream = upstream
        self._first = first
        self._end = end
        self._fresh = self.position < 0

    def __iter__(self) -> Iterator[Datapoint]:
        start = self.position + 1
        first = self._first if self._fresh else 0
        first -= self._upstream.skip(first)
        end = None if self._end is None else first + max(0, self._end - start)
        items = islice(iter(self._upstream), first, end)
        for self.position, dp in enumerate(items, start):
            yield dp

    def place(self) -> Place:
        if self.position < 0:
            return 0
        return {"position": self.position + 1, "ds": self._upstream.place()}

    def give_back(self) -> None:
        self.position -= 1
        self._upstream.give_back()

    def close(self) -> None:
        self._upstream.close()
