"""Shuffle a stream within a buffer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import chain, islice, repeat
from operator import length_hint
from typing import ClassVar, SupportsIndex

import numpy as np
import numpy.typing as npt

from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, position_of

DEFAULT_INTERVALS = 3

#: Comes after the upstream's last datapoint.
_END = object()


class LocallyShuffleData(ProxyDataFlow):
    """A shuffle of what fits into a buffer of `buffer_size` datapoints.

    Once the buffer is full, `shuffle_interval` of its datapoints at a time, chosen at random, are
    handed out, each replaced by the next of `ds`; the epoch ends with the rest, shuffled.

    Order: random, but no datapoint comes more than `buffer_size` places early. Every datapoint
    of an epoch comes out exactly `num_reuse` times within it. A resume replays the epoch's
    beginning up to the position; to shuffle at no cost use the `shuffle=` of an indexed source.

    Args:
        ds: the upstream.
        buffer_size: datapoints held, at least 1.
        num_reuse: how often each datapoint comes out.
        shuffle_interval: how many are chosen at a time; None: `buffer_size // 3`, at least 1.

    Example:
        >>> import dataflow_core as df
        >>> flow = LocallyShuffleData(df.DataFromList([1, 2, 3, 4], shuffle=False), 3)
        >>> sorted(flow)
        [1, 2, 3, 4]
    """

    _draws: ClassVar[bool] = True

    def __init__(
        self,
        ds: DataFlow,
        buffer_size: SupportsIndex,
        num_reuse: SupportsIndex = 1,
        shuffle_interval: SupportsIndex | None = None,
    ) -> None:
        super().__init__(ds)
        stage = "LocallyShuffleData"
        self.buffer_size = checked_count(buffer_size, "buffer_size", stage)
        self.num_reuse = checked_count(num_reuse, "num_reuse", stage)
        if shuffle_interval is None:
            shuffle_interval = max(1, self.buffer_size // DEFAULT_INTERVALS)
        self.shuffle_interval = checked_count(shuffle_interval, "shuffle_interval", stage)

    def __len__(self) -> int:
        return len(self.ds) * self.num_reuse

    @property
    def _stateless(self) -> bool:
        return False

    def _open(self, scope: Scope, place: Place | None) -> Run:
        upstream = self.ds._open(scope.in_order(), None)
        return _ShuffleRun(self, upstream, scope.generator(self), position_of(place))

    def _params(self) -> Mapping[str, object]:
        return {
            "*buffer_size": self.buffer_size,
            "num_reuse": self.num_reuse,
            "shuffle_interval": self.shuffle_interval,
        }


class _ShuffleRun(Run):
    """Fills a buffer, then trades its datapoints for new ones, round after round."""

    __slots__ = ("_ahead", "_flow", "_generator", "_rounds_end", "_start", "_upstream")

    def __init__(
        self, flow: LocallyShuffleData, upstream: Run, generator: np.random.Generator, start: int
    ) -> None:
        self._flow = flow
        self._upstream = upstream
        self._generator = generator
        self._start = start
        #: How many datapoints there are up to the end of this round, and what is left of it.
        self._rounds_end = start
        self._ahead: Iterator[int] = iter(())

    @property
    def position(self) -> int:  # type: ignore[override]
        """Told from what is left: nothing has to be counted per datapoint."""
        return max(self._start, self._rounds_end - length_hint(self._ahead)) - 1

    def __iter__(self) -> Iterator[Datapoint]:
        items = self._shuffled()
        deque(islice(items, self._start), maxlen=0)
        return items

    def _shuffled(self) -> Iterator[Datapoint]:
        flow, generator = self._flow, self._generator
        items = iter(self._upstream)
        if flow.num_reuse > 1:
            items = chain.from_iterable(repeat(dp, flow.num_reuse) for dp in items)
        size = flow.buffer_size * flow.num_reuse
        at_a_time = min(size, flow.shuffle_interval * flow.num_reuse)
        buffer = list(islice(items, size))
        items = chain(items, (_END,))
        self._rounds_end = 0
        trading = len(buffer) == size
        while trading:
            self._begin_round(generator.choice(size, at_a_time, replace=False))
            try:
                for slot, dp in zip(self._ahead, items):
                    if dp is _END:
                        self._rounds_end -= length_hint(self._ahead) + 1
                        trading = False
                        break
                    out = buffer[slot]
                    buffer[slot] = dp
                    yield out
            except GeneratorExit:
                raise
            except BaseException:
                self.give_back()  # the upstream failed when the slot was taken already
                raise
        self._begin_round(generator.permutation(len(buffer)))
        for slot in self._ahead:
            yield buffer[slot]

    def _begin_round(self, slots: npt.NDArray[np.int64]) -> None:
        self._rounds_end += len(slots)
        self._ahead = iter(slots.tolist())

    def give_back(self) -> None:
        self._rounds_end -= 1

    def close(self) -> None:
        self._upstream.close()
