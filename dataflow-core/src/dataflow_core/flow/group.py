"""Stages that turn a fixed number of datapoints into one: what workers need to know of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from dataflow_core.collate import Numbers
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.ranges import Ranges, checked_ranges, holds
from dataflow_core.flow.run import Place, PlaceValue, Run, Scope, position_of, upstream_place


@dataclass(frozen=True, eq=False)
class Grouping:
    """How a stage forms groups.

    Attributes:
        size: datapoints per group.
        remainder: whether a smaller last group is handed out.
        collate: a group's datapoints → one datapoint. Pure.
        label: of the stage, for errors.
        if_alike: a group's datapoints → one datapoint, and what else `split` needs of them; or
            None, where it could not undo it. None: it never could.
        split: what `if_alike` returned → datapoints that make the same groups, with others too.
        stacks: whether `collate` stacks components, so that they may as well be written straight
            into the group; see `dataflow_core.collate.row`.
    """

    size: int
    remainder: bool
    collate: Callable[[Sequence[Datapoint]], Datapoint]
    label: str
    if_alike: Callable[[Sequence[Datapoint]], tuple[Datapoint, Numbers] | None] | None = None
    split: Callable[[Datapoint, Numbers], Sequence[Datapoint]] | None = None
    stacks: bool = False

    def collate_alone(self, members: Sequence[Datapoint]) -> tuple[Datapoint, Numbers]:
        """Do what `collate` does; nothing else is kept, for a group that stays as it is."""
        return self.collate(members), []


class GroupFlow(ProxyDataFlow):
    """A stage over groups of consecutive datapoints; its subclasses write `_grouping()`."""

    @abstractmethod
    def _grouping(self) -> Grouping:
        """Return how groups are formed."""

    def _open(self, scope: Scope, place: Place | None) -> Run:
        run = self.ds._open(scope, upstream_place(place))
        return GroupRun(run, self._grouping(), position_of(place), done_groups(place))

    def __len__(self) -> int:
        grouping = self._grouping()
        whole, rest = divmod(len(self.ds), grouping.size)
        return whole + bool(rest and grouping.remainder)


def done_groups(place: Place | None) -> Ranges:
    """Return which groups from a place on were delivered already, out of their order."""
    if not isinstance(place, Mapping) or "groups" not in place:
        return []
    return checked_ranges(place["groups"])


def place_among(position: int, ds: Place, done: Ranges) -> Place:
    """Return the place of group number `position`, which begins at `ds`; `done` are left out."""
    left = [[first, last] for first, last in done if last >= position]
    place: dict[str, PlaceValue] = {"position": position, "ds": ds}
    return {**place, "groups": left} if left else place


class GroupRun(Run):
    """Groups what the upstream's run hands out, but for those in `done`."""

    __slots__ = ("_begin", "_broken", "_done", "_grouping", "_upstream")

    def __init__(self, upstream: Run, grouping: Grouping, start: int, done: Ranges) -> None:
        super().__init__(start)
        self._done = done
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
            if self._done and holds(self._done, self.position + 1):
                self.position += 1
                continue
            try:
                out = collate(group)
            except Exception as error:
                note_place(error, self._grouping.label, self.position + 1)
                raise
            self.position += 1
            self._broken = False
            yield out

    def place(self) -> Place:
        upstream = self._begin if self._broken else self._upstream.place()
        return place_among(self.position + 1, upstream, self._done)

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
