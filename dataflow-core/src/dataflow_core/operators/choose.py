"""Take each datapoint from a flow chosen at random."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from dataflow_core.flow.checks import checked_flows
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.operators.several import SeveralRun, open_all
from dataflow_core.rng import Seat

#: Choices drawn at once. Part of what a seed means: changing it changes the streams.
BLOCK = 1024


class RandomChooseData(DataFlow):
    """Each datapoint comes from one of the flows, chosen at random; stops when that one is empty.

    Order within each flow: as it is. The length is unknown.

    Args:
        df_lists: flows, chosen alike, or (flow, probability) pairs.

    Raises:
        ValueError: if probabilities are negative or their sum is not 1 (within 1e-6), or pairs
            and flows are mixed.

    Example:
        >>> import dataflow_core as df
        >>> ones = df.DataFromList([1] * 9, shuffle=False)
        >>> twos = df.DataFromList([2] * 9, shuffle=False)
        >>> set(RandomChooseData([(ones, 0.0), (twos, 1.0)]))
        {2}
    """

    _draws: ClassVar[bool] = True

    def __init__(self, df_lists: Sequence[DataFlow | tuple[DataFlow, float]]) -> None:
        flows, self.probabilities = _split(df_lists)
        self.df_lists = checked_flows(flows, "RandomChooseData")

    def _upstreams(self) -> Sequence[DataFlow]:
        return self.df_lists

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _ChooseRun(self, scope, place)

    def _params(self) -> Mapping[str, object]:
        return {"probabilities": self.probabilities}


def _split(
    df_lists: Sequence[DataFlow | tuple[DataFlow, float]],
) -> tuple[list[DataFlow], list[float]]:
    if isinstance(df_lists, DataFlow):
        raise TypeError("RandomChooseData takes a list of flows: RandomChooseData([a, b])")
    items = list(df_lists)
    pairs = [item for item in items if isinstance(item, (tuple, list))]
    if not pairs:
        return items, [1 / max(1, len(items))] * len(items)  # type: ignore[return-value]
    if len(pairs) != len(items) or any(len(pair) != 2 for pair in pairs):
        raise ValueError("RandomChooseData takes flows, or (flow, probability) pairs throughout")
    probabilities = [float(probability) for _, probability in pairs]
    if min(probabilities) < 0 or not math.isclose(sum(probabilities), 1, abs_tol=1e-6):
        raise ValueError(
            f"probabilities of RandomChooseData are at least 0 and sum to 1, got {probabilities}"
            f" (sum {sum(probabilities)})"
        )
    total = sum(probabilities)
    return [flow for flow, _ in pairs], [probability / total for probability in probabilities]


class _ChooseRun(SeveralRun):
    """The choice at a position is a function of (seed, stream, epoch, position)."""

    __slots__ = ("_chosen", "_epoch", "_probabilities", "_seat")

    def __init__(self, flow: RandomChooseData, scope: Scope, place: Place | None) -> None:
        super().__init__(open_all(flow.df_lists, scope, place), place)
        key = scope.own_key(flow)
        self._seat = Seat(key.seed, key.stream)
        self._epoch = key.epoch
        self._probabilities = flow.probabilities
        self._chosen = 0

    def __iter__(self) -> Iterator[Datapoint]:
        iterators = [iter(upstream) for upstream in self._upstreams]
        for choice in self._choices(self.position + 1):
            self._chosen = choice
            try:
                dp = next(iterators[choice])
            except StopIteration:
                return
            self.position += 1
            yield dp

    def _choices(self, start: int) -> Iterator[int]:
        block, skipped = divmod(start, BLOCK)
        while True:
            generator = self._seat.move(self._epoch, block)
            drawn = generator.choice(len(self._probabilities), BLOCK, p=self._probabilities)
            yield from drawn[skipped:].tolist()
            block, skipped = block + 1, 0

    def give_back(self) -> None:
        self.position -= 1
        self._upstreams[self._chosen].give_back()
