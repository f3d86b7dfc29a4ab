"""Stages that turn a fixed number of datapoints into one: what workers need to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, position_of, upstream_place


@dataclass(frozen=True, eq=False)
class Grouping:
    """How a stage forms groups.

    Attributes:
        size: datapoints per group.
        remainder: whether a smaller last group is handed out.
        collate: a group's datapoints → one datapoint. Pure.
        label: of the stage, for errors.
        split: a group of datapoints that are alike → what collates to the same group again; None
            where that cannot be had.
    """

    size: int
    remainder: bool
    collate: Callable[[Sequence[Datapoint]], Datapoint]
    label: str
    split: Callable[[Datapoint], Sequence[Datapoint]] | None = None


class GroupFlow(ProxyDataFlow):
    """A stage over groups of consecutive datapoints; its subclasses write `_grouping()`."""

    def _grouping(self) -> Grouping:
        raise NotImplementedError

    def _open(self, scope: Scope, place: Place | None) -> Run:
        run = self.ds._open(scope, upstream_place(place))
        return GroupRun(run, self._grouping(), position_of(place))

    def __len__(self) -> int:
        grouping = self._grouping()
        whole, rest = divmod(len(self.ds), grouping.size)
        return whole + bool(rest and grouping.remainder)


class GroupRun(Run):
    """Groups what the upstream's run hands out."""

    __slots__ = ("_begin", "_broken", "_grouping", "_upstream")

    def __init__(self, upstream: Run, grouping: Grouping, start: int) -> None:
        super().__init__(start)
        self._upstream = upstream
        self._grouping = grouping
        self._begin = upstream.place()
        self._broken = False

    def __iter__(self) -> Iterator[Datapoint]:
        upstream = self._upstream
        size, collate = self._grouping.size, self._grouping.collate
        items = iter(upstream)
        while True:
            self._begin = upstream.place()
            # Until the group is handed out, whatever goes wrong leaves the place at its beginning.
            self._broken = True
            group = list(islice(items, size))
            if len(group) < size and not (group and self._grouping.remainder):
                return
            try:
                out = collate(group)
            except Exception as error:
                note_place(error, self._grouping.label, self.position + 1)
                raise
            self.position += 1
            self._broken = False
            yield out

    def place(self) -> Mapping[str, int | Place]:
        upstream = self._begin if self._broken else self._upstream.place()
        return {"position": self.position + 1, "ds": upstream}

    def give_back(self) -> None:
        self.position -= 1
        self._broken = True

    def skip(self, count: int) -> int:
        if self.position >= 0:
            return 0
        passed = self._upstream.skip(count * self._grouping.size) // self._grouping.size
        self.position += passed
        return passed

    def close(self) -> None:
        self._upstream.close()
