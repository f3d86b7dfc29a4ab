"""Keep an epoch in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar, SupportsIndex

import numpy as np

from dataflow_core.errors import CacheLimitError
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import Place, Run, Scope, position_of


class CacheData(ProxyDataFlow):
    """The first complete epoch of `ds`, kept in memory and handed out again ever after.

    Every epoch holds the datapoints of epoch 0 of `ds`; an epoch that is broken off fills
    nothing. With `shuffle=True` every epoch but epoch 0 has an order of its own. The datapoints
    handed out are the kept objects: do not write into their arrays. The length is that of `ds`, so
    that it is the same before and after.

    Args:
        ds: the upstream.
        shuffle: whether epochs after the first are permuted.
        limit_bytes: how much the cache may hold, counting arrays, bytes and str.

    Raises:
        CacheLimitError: while iterating, before the cache would grow past `limit_bytes`.

    Example:
        >>> import dataflow_core as df
        >>> calls = []
        >>> source = df.DataFromList([1, 2], shuffle=False)
        >>> flow = CacheData(source.map(lambda x: calls.append(x) or x))
        >>> list(flow), list(flow), calls
        ([1, 2], [1, 2], [1, 2])
    """

    _draws: ClassVar[bool] = True

    def __init__(
        self, ds: DataFlow, shuffle: bool = False, *, limit_bytes: SupportsIndex | None = None
    ) -> None:
        super().__init__(ds)
        self._shuffle = shuffle
        self.limit_bytes = (
            None if limit_bytes is None else checked_count(limit_bytes, "limit_bytes", "CacheData")
        )
        self._kept: _Kept | None = None

    @property
    def _stateless(self) -> bool:
        return False

    def _open(self, scope: Scope, place: Place | None) -> Run:
        return _CacheRun(self, scope, position_of(place))

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_kept": None}

    def _params(self) -> Mapping[str, object]:
        return {"shuffle": self._shuffle}


class _Kept:
    """A complete epoch, and the scope it belongs to."""

    def __init__(self, scope: Scope, datapoints: list[Datapoint]) -> None:
        self.scope = scope
        self.datapoints = datapoints


class _CacheRun(Run):
    """Hands out what is kept; before that, epoch 0 of the upstream, which it keeps."""

    __slots__ = ("_flow", "_scope", "_start", "_upstream")

    def __init__(self, flow: CacheData, scope: Scope, start: int) -> None:
        super().__init__(start)
        self._flow = flow
        self._scope = scope
        self._start = start
        self._upstream: Run | None = None

    def __iter__(self) -> Iterator[Datapoint]:
        flow, scope, start = self._flow, self._scope, self._start
        permuted = flow._shuffle and scope.epoch > 0
        kept = flow._kept
        if kept is None or kept.scope != scope.at_epoch(0):
            filling = self._filling()
            if not permuted:
                for self.position, dp in enumerate(islice(filling, start, None), start):
                    yield dp
                return
            kept = _Kept(scope.at_epoch(0), [*filling])
        datapoints = kept.datapoints
        indices: Iterable[int] = range(start, len(datapoints))
        if permuted:
            order = scope.generator(flow).permutation(len(datapoints))
            indices = order[start:].tolist()
        for self.position, index in enumerate(indices, start):
            yield datapoints[index]

    def _filling(self) -> Iterator[Datapoint]:
        scope, limit = self._scope.at_epoch(0).in_order(), self._flow.limit_bytes
        self._upstream = self._flow.ds._open(scope, None)
        datapoints: list[Datapoint] = []
        held = 0
        for dp in self._upstream:
            if limit is not None:
                held += _bytes_of(dp)
                if held > limit:
                    raise CacheLimitError(
                        f"CacheData would hold {held} bytes at the datapoint with position"
                        f" {len(datapoints)}, over its limit_bytes of {limit}; raise the limit or"
                        " cache smaller datapoints, encoded ones for example"
                    )
            datapoints.append(dp)
            yield dp
        self._flow._kept = _Kept(scope, datapoints)

    def close(self) -> None:
        if self._upstream is not None:
            self._upstream.close()


def _bytes_of(value: Any) -> int:
    """Return about how much memory a datapoint takes."""
    size = sys.getsizeof(value)
    if isinstance(value, np.ndarray):
        return max(size, value.nbytes)
    if isinstance(value, dict):
        return size + sum(map(_bytes_of, value.keys())) + sum(map(_bytes_of, value.values()))
    if isinstance(value, (list, tuple)):
        return size + sum(map(_bytes_of, value))
    return size
