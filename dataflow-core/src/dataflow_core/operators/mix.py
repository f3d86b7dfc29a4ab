"""Interleave flows at random, using up all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.checks import checked_flows
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope, number
from dataflow_core.operators.several import SeveralRun, open_all


class RandomMixData(DataFlow):
    """All datapoints of all flows, in a random interleaving; every interleaving is as likely.

    Order within each flow: as it is. Duplicates, loss: none, also where a flow turns out shorter
    or longer than its length says. Memory: 2 bytes per datapoint.

    Raises:
        UnknownLengthError: at construction, if a length is unknown.

    Example:
        >>> import dataflow_core as df
        >>> one, two = df.DataFromList([1, 2], shuffle=False), df.DataFromList([3], shuffle=False)
        >>> sorted(RandomMixData([one, two]))
        [1, 2, 3]
    """

    _draws: ClassVar[bool] = True

    def __init__(self, df_lists: Sequence[DataFlow]) -> None:
        self.df_lists = checked_flows(df_lists, "RandomMixData")
        for ds in self.df_lists:
            try:
                len(ds)
            except UnknownLengthError as error:
                raise UnknownLengthError(
                    f"RandomMixData needs to know all lengths: {error}"
                ) from None

    def __len__(self) -> int:
        return sum(map(len, self.df_lists))

    def _upstreams(self) -> Sequence[DataFlow]:
        return self.df_lists

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _MixRun(self, scope, place)


class _MixRun(SeveralRun):
    """Walks a shuffled list of turns, then what flows have left beyond their lengths."""

    __slots__ = ("_chosen", "_left_over", "_turn", "_turns")

    def __init__(self, flow: RandomMixData, scope: Scope, place: Place | None) -> None:
        super().__init__(open_all(flow.df_lists, scope, place), place)
        lengths = [len(ds) for ds in flow.df_lists]
        self._turns = np.repeat(np.arange(len(lengths), dtype=np.uint16), lengths)
        scope.generator(flow).shuffle(self._turns)
        self._turn = 0 if self.position < 0 else number(place, "turn")
        self._left_over = False
        self._chosen = 0

    def __iter__(self) -> Iterator[Datapoint]:
        iterators = [iter(upstream) for upstream in self._upstreams]
        turns = self._turns[self._turn :].tolist()
        for turn, self._chosen in enumerate(turns, self._turn):
            for dp in iterators[self._chosen]:
                self.position += 1
                self._turn = turn + 1
                yield dp
                break
        self._left_over = True
        for self._chosen, iterator in enumerate(iterators):
            for dp in iterator:
                self.position += 1
                yield dp

    def place(self) -> Place:
        if self.position < 0:
            return 0
        return {
            "position": self.position + 1,
            "turn": self._turn,
            "ds": [upstream.place() for upstream in self._upstreams],
        }

    def give_back(self) -> None:
        self.position -= 1
        self._turn -= not self._left_over
        self._upstreams[self._chosen].give_back()
