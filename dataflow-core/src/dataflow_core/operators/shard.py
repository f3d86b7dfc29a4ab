"""Give each of several consumers its part of one global order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import SupportsIndex

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.shard import Shard


class ShardData(ProxyDataFlow):
    """The datapoints of `ds` whose position ≡ `index` (mod `count`).

    Over an indexed source the others are never read. Datapoints keep their positions, so the
    shards together are the unsharded stream, random draws included. A state taken of one shard
    loads with any `index` and `count`: if all shards had taken equally many datapoints, and none
    was dropped on the way, the new ones continue the same global order. A shard of a shard divides
    further.

    Order: as `ds`. The length counts positions, whether stages before drop some or not.

    Raises:
        ValueError: unless 0 <= index < count.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList(list("abcde"), shuffle=False)
        >>> list(ShardData(flow, 0, 2)), list(ShardData(flow, 1, 2))
        (['a', 'c', 'e'], ['b', 'd'])
    """

    def __init__(self, ds: DataFlow, index: SupportsIndex, count: SupportsIndex) -> None:
        super().__init__(ds)
        self.count = checked_count(count, "count", "ShardData")
        self.index = checked_count(index, "index", "ShardData", at_least=0)
        if self.index >= self.count:
            raise ValueError(
                f"index of ShardData is below count ({self.count}), got {self.index}; shards are"
                " numbered from 0"
            )

    def __len__(self) -> int:
        return len(range(self.index, len(self.ds), self.count))

    def _chain(self) -> Chain:
        return self.ds._chain().sharded(Shard(self.index, self.count))

    def _params(self) -> Mapping[str, object]:
        return {"index": self.index, "count": self.count}

    def _fingerprint_params(self) -> Mapping[str, object]:
        return {}
