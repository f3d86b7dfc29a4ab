"""Groups as the sequential stream has them, out of what workers made of each task.

Workers get as many inputs per task as a group has members. As long as nothing is dropped, what
they group is the stream's groups. From the first drop on, groups straddle tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.flow.group import Grouping
from dataflow_core.parallel.task import Result


class Regrouper:
    """Takes results in order and hands out groups.

    Args:
        grouping: how groups are formed.
        first: the position of the first group.
    """

    def __init__(self, grouping: Grouping, first: int) -> None:
        self._grouping = grouping
        self._number = first
        self._members: list[Datapoint] = []

    def take(self, result: Result) -> Iterator[tuple[list[Datapoint], int]]:
        """Yield ([group], position of its last member) for each group that `result` completes.

        The list is empty for a group that a step after the grouping dropped.
        """
        if result.grouped and not self._members:
            self._number += 1
            yield result.outputs, result.positions[-1]
            return
        for dp, position in zip(self._datapoints(result), result.positions):
            self._members.append(dp)
            if len(self._members) == self._grouping.size:
                yield [self._collated()], position

    def rest(self) -> list[Datapoint]:
        """Return the last, smaller group, if there is one and it is wanted."""
        return [self._collated()] if self._members and self._grouping.remainder else []

    def _datapoints(self, result: Result) -> Sequence[Datapoint]:
        if not result.grouped:
            return result.outputs
        split = self._grouping.split
        # Workers group only what can be taken apart, where anything might be dropped.
        return result.outputs if split is None else split(result.outputs[0])

    def _collated(self) -> Datapoint:
        members, self._members = self._members, []
        try:
            group = self._grouping.collate(members)
        except Exception as error:
            note_place(error, self._grouping.label, self._number)
            raise
        self._number += 1
        return group
