"""Run the upstream several times within one epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import SupportsIndex

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Step
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.gaps import WithoutRun, gaps_of
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import PASS_STRIDE, Place, Run, Scope, upstream_place
from dataflow_core.flow.shard import Shard, ShardedRun
from dataflow_core.operators.passes import AddressesRun, Passes, PassesRun
from dataflow_core.rng import at_hand, hold, let_go

FOREVER = -1


class RepeatedData(ProxyDataFlow):
    """`num` passes over `ds` in every epoch; -1: forever.

    Each pass is a new epoch of `ds`: epoch e holds its epochs e * num ... e * num + num - 1.

    Order: as `ds`, pass after pass. The length is unknown for -1.

    Raises:
        ValueError: if `num` is neither -1 nor at least 1.
        EmptyDataFlowError: while iterating, if `num` is -1 and `ds` is empty.

    Example:
        >>> import dataflow_core as df
        >>> list(RepeatedData(df.DataFromList([1, 2], shuffle=False), 2))
        [1, 2, 1, 2]
    """

    def __init__(self, ds: DataFlow, num: SupportsIndex) -> None:
        super().__init__(ds)
        self.num = checked_count(num, "num", "RepeatedData", at_least=None)
        if self.num != FOREVER and self.num < 1:
            raise ValueError(
                f"num of RepeatedData is at least 1, or -1 for forever, got {self.num}"
            )

    def __len__(self) -> int:
        if self.num == FOREVER:
            raise UnknownLengthError("RepeatedData(-1) never ends")
        return len(self.ds) * self.num

    def _open(self, scope: Scope, place: Place | None) -> Run:
        gaps = gaps_of(place)
        if gaps is not None:
            # Taken where workers read what this repeats, each datapoint as it came.
            return WithoutRun(self._open(scope, upstream_place(place, "at")), gaps)
        return PassesRun(self, scope, self._passes(scope), place)

    def _passes(self, scope: Scope) -> Passes:
        if self.num == FOREVER:
            return Passes(scope.epoch * PASS_STRIDE, None)
        return Passes(scope.epoch * self.num, self.num)

    def _chain(self) -> Chain:
        upstream = self.ds._chain()
        if not upstream.indexed or len(upstream.steps) > 1:
            return DataFlow._chain(self)
        # What is read is read by whoever runs the chain's steps: in workers, where there are any.
        read = Step(self, self._reader(), may_drop=False)
        return Chain(self, self._open_addresses, (read,), indexed=True)

    def _open_addresses(self, scope: Scope, place: Place | None, shard: Shard) -> Run:
        run = AddressesRun(self, scope, self._passes(scope), place)
        return run if shard.count == 1 else ShardedRun(run, shard)

    def _reader(self) -> Callable[[Datapoint], Datapoint]:
        read = self.ds._chain().steps[0].call

        def read_address(address: tuple[int, int, int]) -> Datapoint:
            epoch, position, index = address
            context = at_hand()
            hold(None if context is None else context.elsewhere(epoch, position))
            try:
                return read(index)
            finally:
                let_go()

        return read_address

    def _params(self) -> Mapping[str, object]:
        return {"*num": self.num}
