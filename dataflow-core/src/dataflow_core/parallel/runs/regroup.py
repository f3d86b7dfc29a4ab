"""Groups as the sequential stream has them, out of what workers made of each task.

Workers get as many inputs per task as one group has members, or several. As long as nothing is
dropped, what they group is the stream's groups. From the first drop on, groups straddle tasks.
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
    """

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._members: list[Datapoint] = []

    def take(self, result: Result, first: int) -> Iterator[tuple[list[Datapoint], int, int]]:
        """Yield each group that `result` completes: [group], its position, its last member's.

        The list is empty for a group that a step after the grouping dropped.

        Args:
            result: the next one.
            first: the position of the first group that it may complete.
        """
        size = self._grouping.size
        if result.grouped and not self._members:
            made = dict(zip(result.groups, result.outputs))
            for number in range(result.grouped):
                group = [made.pop(number)] if number in made else []
                yield group, first + number, result.positions[(number + 1) * size - 1]
            return
        number = first
        for dp, position in zip(self._datapoints(result), result.positions):
            self._members.append(dp)
            if len(self._members) == size:
                yield [self._collated(number)], number, position
                number += 1

    def rest(self, number: int) -> list[Datapoint]:
        """Return the last, smaller group, if there is one and it is wanted; `number` is its."""
        return [self._collated(number)] if self._members and self._grouping.remainder else []

    def _datapoints(self, result: Result) -> Sequence[Datapoint]:
        if not result.grouped:
            return result.outputs
        split = self._grouping.split
        # Workers group only what can be taken apart, where anything might be dropped.
        if split is None:
            return result.outputs
        groups = zip(result.outputs, result.numbers)
        return [dp for group, numbers in groups for dp in split(group, numbers)]

    def _collated(self, number: int) -> Datapoint:
        members, self._members = self._members, []
        try:
            return self._grouping.collate(members)
        except Exception as error:
            note_place(error, self._grouping.label, number)
            raise
