"""Shards: every count-th position of a walk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.gaps import without
from dataflow_core.flow.run import Place, Run


@dataclass(frozen=True)
class Shard:
    """Keep positions ≡ index (mod count)."""

    index: int = 0
    count: int = 1

    def of(self, inner: Shard) -> Shard:
        """Return the shard of a shard: every count-th of what `inner` keeps."""
        return Shard(inner.index + inner.count * self.index, inner.count * self.count)

    def first_from(self, position: int) -> int:
        """Return the first position >= `position` that is kept."""
        return position + (self.index - position) % self.count

    def after(self, position: int) -> int:
        """Return the first position of the round after the one that holds `position`.

        All shards that have taken equally many datapoints name the same number.
        """
        return (position // self.count + 1) * self.count


#: All positions.
ALL = Shard()


class ShardedRun(Run):
    """The positions of one shard of a run that cannot skip by itself.

    The place while a datapoint of this shard is at hand is that after it; at any other time, after
    an exception say, it is that after the last one.
    """

    __slots__ = ("_at_hand", "_base", "_last", "_shard")

    def __init__(self, base: Run, shard: Shard) -> None:
        self._base = base
        self._shard = shard
        self._last = base.place()
        self._at_hand = False

    @property
    def position(self) -> int:  # type: ignore[override]
        return self._base.position

    def __iter__(self) -> Iterator[Datapoint]:
        base, shard = self._base, self._shard
        for dp in base:
            if base.position % shard.count == shard.index:
                self._at_hand = True
                yield dp
                self._last = self.place()
                self._at_hand = False

    def place(self) -> Place:
        if not self._at_hand:
            return self._last
        # The datapoints of the same round belong to other shards of an equally long walk.
        last = self._shard.after(self._base.position) - 1
        return without(self._base.place(), [[0, last]])

    def give_back(self) -> None:
        self._at_hand = False

    def close(self) -> None:
        self._base.close()
