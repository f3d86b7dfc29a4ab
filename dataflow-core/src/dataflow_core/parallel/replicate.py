"""ReplicateData: independent clones of a flow, merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import ClassVar, Final, SupportsIndex

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.chain import Chain
from dataflow_core.flow.checks import checked_count
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.proxy import ProxyDataFlow
from dataflow_core.flow.run import (
    Place,
    Run,
    Scope,
    close_all,
    number,
    position_of,
    upstream_places,
)
from dataflow_core.parallel.backend import Backend
from dataflow_core.parallel.data import keeper_of, resolved_backend
from dataflow_core.parallel.engine.lease import Keeper
from dataflow_core.parallel.engine.ledger import Counts
from dataflow_core.parallel.engine.window import Window
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.planning.plan import Plan
from dataflow_core.parallel.runs.stream import StreamRun
from dataflow_core.parallel.runs.terms import Terms
from dataflow_core.rng import child_seed

#: What a clone that has ended hands out.
_END: Final = object()


class ReplicateData(ProxyDataFlow):
    """`num_workers` independent clones of `ds`, each in a worker of its own.

    For sources that are endless, or drawn at random: every clone has a seed of its own, so that
    the same element may come from several. To share the work on one epoch use ParallelData.

    Order: round-robin over the clones. Duplicates: as many as the clones have in common. An epoch
    ends after `len(ds)` datapoints, or with the last clone where the length is unknown.

    Args:
        ds: the flow; the clones are made by cloudpickle.
        num_workers: how many clones.
        backend: the name of a backend, or one.

    Raises:
        ValueError: if `num_workers` is below 1.
        NotPicklableError: while iterating, if `ds` cannot be cloned.

    Example:
        >>> import dataflow_core as df
        >>> flow = df.DataFromList([[1], [2], [3], [4]], shuffle=False)
        >>> with ReplicateData(flow, 2, backend="thread") as clones:
        ...     list(clones)
        [[1], [1], [2], [2]]
    """

    _draws: ClassVar[bool] = True

    def __init__(
        self, ds: DataFlow, num_workers: SupportsIndex, backend: str | Backend = "process"
    ) -> None:
        super().__init__(ds)
        self.num_workers = checked_count(num_workers, "num_workers", "ReplicateData")
        self.backend = resolved_backend(backend)
        self._keepers: list[Keeper] | None = None

    @property
    def _stateless(self) -> bool:
        return False

    def _chain(self) -> Chain:
        return Chain(source=self, base=self._open_shard, cheap=True)

    def _open(self, scope: Scope, place: Place | None) -> Run:
        key = scope.own_key(self)
        scopes = [
            Scope(child_seed(key.seed, key.stream, clone), scope.epoch)
            for clone in range(self.num_workers)
        ]
        if self._keepers is None:
            self._keepers = [self._keeper() for _ in scopes]
        plan = Plan(self.ds, WorkersPart(stream=self.ds), self.ds._chain())
        runs = [
            StreamRun(plan, clone_scope, clone_place, Terms(keeper, Window(1), Counts()))
            for clone_scope, clone_place, keeper in zip(
                scopes, upstream_places(place, self.num_workers), self._keepers
            )
        ]
        try:
            length = len(self.ds)
        except UnknownLengthError:
            length = None
        return _RoundRobinRun(runs, length, place)

    def _keeper(self) -> Keeper:
        clone = WorkersPart.unpacked(WorkersPart(stream=self.ds, copied=True).packed())
        return keeper_of(self.backend, clone, 1)

    def close(self) -> None:
        """Stop the clones' workers."""
        if self._session is not None:
            self._session.stop(self)
        keepers, self._keepers = self._keepers, None
        with ExitStack() as closing:
            for keeper in keepers or ():
                closing.callback(keeper.close)
            super().close()

    def __getstate__(self) -> dict[str, object]:
        """A copy starts workers of its own."""
        return {**super().__getstate__(), "_keepers": None}

    def _params(self) -> Mapping[str, object]:
        return {"num_workers": self.num_workers, "backend": self.backend.name}

    def _fingerprint_params(self) -> Mapping[str, object]:
        # The backend has no say in what the stream is; the number of clones does.
        return {"num_workers": self.num_workers}

    def _placement(self) -> Mapping[int, str]:
        return {id(self.ds): "workers"}


class _RoundRobinRun(Run):
    """One datapoint of each clone in turn; clones that end are left out from then on."""

    __slots__ = ("_length", "_runs", "_turn")

    def __init__(self, runs: list[StreamRun], length: int | None, place: Place | None) -> None:
        super().__init__(position_of(place))
        self._runs = runs
        self._length = length
        self._turn = _turn(place)

    def __iter__(self) -> Iterator[Datapoint]:
        iterators = [iter(run) for run in self._runs]
        ended: set[int] = set()
        while len(ended) < len(iterators):
            if self._length is not None and self.position + 1 >= self._length:
                return
            turn = self._turn
            self._turn = (turn + 1) % len(iterators)
            try:
                dp = next(iterators[turn], _END)
            except BaseException:
                self._turn = turn
                raise
            if dp is _END:
                ended.add(turn)
                continue
            self.position += 1
            yield dp

    def place(self) -> Place:
        if self.position < 0:
            return 0
        places = [run.place() for run in self._runs]
        return {"position": self.position + 1, "turn": self._turn, "ds": places}

    def give_back(self) -> None:
        self.position -= 1
        self._turn = (self._turn - 1) % len(self._runs)
        self._runs[self._turn].give_back()

    def close(self) -> None:
        close_all(self._runs)


def _turn(place: Place | None) -> int:
    return 0 if place is None or place == 0 else number(place, "turn")
