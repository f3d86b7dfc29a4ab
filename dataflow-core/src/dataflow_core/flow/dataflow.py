"""The protocol: what a DataFlow offers, and how a subclass takes part in it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from dataflow_core.errors import NotResumableError, UnknownLengthError
from dataflow_core.flow import state as states
from dataflow_core.flow.adopt import adopt
from dataflow_core.flow.chain import Chain
from dataflow_core.flow.chain_run import Call
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.describe import describe_call
from dataflow_core.flow.explain import explain
from dataflow_core.flow.held import held_by
from dataflow_core.flow.opaque import OpaqueRun
from dataflow_core.flow.reset import resets_alone, resetting
from dataflow_core.flow.run import Place, Run, Scope
from dataflow_core.flow.session import Session
from dataflow_core.flow.shard import Shard, ShardedRun
from dataflow_core.flow.short_forms import ShortForms
from dataflow_core.registry import Registry, registry
from dataflow_core.rng import checked_seed, drawn_seed

if TYPE_CHECKING:
    from typing_extensions import Self


class DataFlow(ShortForms, ABC):
    """An iterable of datapoints that can be run again, resumed, and built into pipelines.

    A subclass writes `get_data()`, a generator that yields datapoints; or `__iter__()`, which
    is the same thing. `super().get_data()` and `super().__iter__()` work in both.

    Order, duplicates, loss: those of the generator. To resume, the generator is run again from
    the start of its epoch, so it must yield the same datapoints each time, given the same
    `self.rng` (see `RNGDataFlow`). For random access write an `IndexedDataFlow` instead.

    Example:
        >>> class Squares(DataFlow):
        ...     def get_data(self):
        ...         for i in range(3):
        ...             yield [i * i]
        >>> list(Squares())
        [[0], [1], [4]]
        >>> list(Squares().map(lambda dp: [dp[0] + 1]).batch(3))
        [[array([1, 2, 5], dtype=int32)]]
    """

    #: Everything that is installed under a name.
    registry: ClassVar[Registry] = registry

    #: Whether an epoch can be run again from its beginning. False for a source that is used up.
    resumable: ClassVar[bool] = True

    #: Whether the flow has a random stream of its own.
    _draws: ClassVar[bool] = False

    #: Whether state and fingerprint look through this stage to its upstream.
    _transparent: ClassVar[bool] = False

    _session: Session | None = None
    _opaque_run: OpaqueRun | None = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        adopt(cls, DataFlow)

    # What users call.

    def get_data(self) -> Iterator[Datapoint]:
        """Iterate over the next epoch.

        Raises:
            ReentrantIterationError: if an iterator over this flow is still running.
        """
        return self._ready().iterate(self)

    def __iter__(self) -> Iterator[Datapoint]:
        """Iterate over the next epoch; the same as `get_data()`."""
        return self._ready().iterate(self)

    def __len__(self) -> int:
        """Return the number of datapoints of an epoch.

        Where a stage may drop some, this is how many there are if it drops none.

        Raises:
            UnknownLengthError: if it is not known before the epoch has been run.
        """
        raise UnknownLengthError(
            f"the length of {self._label()} is not known; write __len__() if it has one"
        )

    def __bool__(self) -> bool:
        """A flow is true, also where its length is 0 or unknown."""
        return True

    def size(self) -> int:
        """Return `len(self)`."""
        return len(self)

    def reset_state(self, seed: int | None = None) -> None:
        """Seed the whole pipeline, start over at epoch 0, and open what this process needs.

        A flow that is iterated without it resets itself. A subclass that opens files here calls
        `super().reset_state()` first; `self.rng` is seeded by then.

        Args:
            seed: 0 ... 2**64 - 1. Without one a fresh one is drawn; `state_dict()` tells it.
        """
        if resets_alone():
            self._seat(drawn_seed() if seed is None else checked_seed(seed), given=seed is not None)
        with resetting():
            for upstream in self._upstreams():
                upstream.reset_state()

    def set_epoch(self, epoch: SupportsIndex) -> None:
        """Make `epoch` (0, 1, ...) the next one to be iterated.

        An iteration under way ends.
        """
        number = states.checked_epoch(epoch)
        session = self._ready()
        session.stop(self)
        self._session = Session(session.seed, session.first, number)

    def state_dict(self) -> dict[str, object]:
        """Return where the stream stands, as JSON-able data.

        Returns:
            `version`, `fingerprint` (lines that describe the pipeline), `seed`, `epoch`,
            `position` of the next datapoint and, where that number alone does not find it,
            `place`.

        Raises:
            NotResumableError: if a source cannot repeat itself.
        """
        self._refuse_if_not_resumable()
        session = self._ready()
        epoch, place = session.where()
        return states.dump(self, session.seed, epoch, place)

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Go on where `state` was taken: the next iteration yields the rest of that epoch.

        Raises:
            FingerprintMismatchError: if it was taken of another pipeline; says what differs.
            StateError: if it is damaged or of an unknown version.
            NotResumableError: if a source cannot repeat itself.
        """
        self._refuse_if_not_resumable()
        seed, epoch, place = states.load(self, state)
        self._seat(seed, given=True)
        with resetting():
            # Without the seed, which a subclass's reset_state() need not take.
            self.reset_state()
        self._ready().epoch = epoch
        self._ready().place = place

    def close(self) -> None:
        """End an iteration under way and release workers and files, upstream included.

        A closed flow can be iterated again; it opens what it needs anew.
        """
        # What another thread is in the middle of stays open, upstream included.
        if self._session is not None:
            self._session.stop(self)
        # All are closed, also when closing one of them raises.
        with ExitStack() as closing:
            for upstream in reversed(self._upstreams()):
                closing.callback(upstream.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def explain(self) -> str:
        """Return the pipeline as a tree in text: stages, lengths, and what runs where.

        Example:
            >>> import dataflow_core as df
            >>> print(df.DataFromList([[1], [2]], shuffle=False).batch(2).explain())
            BatchData(2)                                length 1
            └─ DataFromList(2 items, shuffle=False)     length 2
        """
        return explain(self)

    def __repr__(self) -> str:
        upstreams = {f"*{i}": up for i, up in enumerate(self._upstreams())}
        return describe_call(type(self).__name__, {**upstreams, **self._params()})

    # What stages override. Flows written outside need none of it.

    def _open(self, scope: Scope, place: Place | None) -> Run:
        """Return a run of this stage from `place` on."""
        del scope, place
        raise TypeError(f"{type(self).__name__} must write get_data(), or __iter__()")

    def _chain(self) -> Chain:
        """Return this stage as the end of a chain of one-by-one stages."""
        return Chain(source=self, base=self._open_shard)

    def _call_before(self, following: DataFlow) -> Call | None:
        """Return what to do instead, if anything, where `following` is the very next stage.

        It may hand out what only that one understands, such as work that is left undone because
        nobody may need it. The stream must be the same.
        """
        del following
        return None

    def _reader(self) -> Callable[[Datapoint], Datapoint]:
        """Return what makes datapoints of what the base of an indexed chain hands out."""
        raise TypeError(f"{self._label()} cannot be read by index")

    def _upstreams(self) -> Sequence[DataFlow]:
        """Return the flows that this one reads: those found in its attributes."""
        return held_by(self, DataFlow)

    def _params(self) -> Mapping[str, object]:
        """Return what else defines the stage, for repr and fingerprint (`*` hides the key)."""
        return {}

    def _fingerprint_params(self) -> Mapping[str, object]:
        """Return the parameters that a state must agree in."""
        return self._params()

    def _placement(self) -> Mapping[int, str]:
        """Return where upstream stages run, by their `id`, for `explain()`."""
        return {}

    @property
    def _stateless(self) -> bool:
        """Whether iterators over this flow do not disturb one another."""
        return False

    # What the framework does with every stage.

    def _label(self) -> str:
        """Return the stage by itself, without its upstream."""
        return describe_call(type(self).__name__, self._params())

    @classmethod
    def _is_native(cls, stage: type[DataFlow]) -> bool:
        """Whether this class runs as `stage` does, rather than by a generator of its own."""
        return cls._open is stage._open

    def _stream_count(self) -> int:
        """Return how many random streams the pipeline up to here has."""
        return sum(up._stream_count() for up in self._upstreams()) + self._draws

    def _open_shard(self, scope: Scope, place: Place | None, shard: Shard) -> Run:
        if shard.count == 1:
            return self._open(scope, place)
        return ShardedRun(self._open(scope.in_order(), place), shard)

    def _ready(self) -> Session:
        """Return the session; a flow that was not reset resets itself."""
        if self._session is None:
            self._seat(drawn_seed(), given=False)
            try:
                with resetting():
                    self.reset_state()
            except BaseException:
                self._session = None  # so that the next try opens what this one could not
                raise
        assert self._session is not None  # noqa: S101 (for the type checker: _seat() sets it)
        return self._session

    def _seat(self, seed: int, *, given: bool) -> None:
        session, first = self._session, 0
        if session is not None:
            if session.owner is not None and session.owner.executing and not given:
                seed, first = session.seed, session.first
            session.stop(self)
        self._bind(Scope(seed, 0, first))

    def _bind(self, scope: Scope, epochs_apart: int = 1, owner: OpaqueRun | None = None) -> None:
        """Give this stage and its upstreams their places in the numbering of random streams."""
        self._session = Session(
            scope.seed, scope.first, scope.epoch, epochs_apart=epochs_apart, owner=owner
        )
        if self._opaque_run is None:
            # Else its generator waits half-way, for a later epoch of a stage that keeps its place.
            self._prepare(scope, epochs_apart, owner)

    def _prepare(self, scope: Scope, epochs_apart: int, owner: OpaqueRun | None = None) -> None:
        """Bind the upstreams, for a stage whose own code iterates them."""
        first = scope.first
        for upstream in self._upstreams():
            upstream._bind(Scope(scope.seed, scope.epoch, first), epochs_apart, owner)
            first += upstream._stream_count()

    def _refuse_if_not_resumable(self) -> None:
        if not self.resumable:
            raise NotResumableError(
                f"{self._label()} cannot repeat itself, so a pipeline over it has no state to"
                " save; put what must be resumable into an IndexedDataFlow"
            )
        for upstream in self._upstreams():
            upstream._refuse_if_not_resumable()

    def __getstate__(self) -> dict[str, object]:
        """A copy of a flow, in another process say, starts its own life."""
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in ("_session", "_opaque_run")
        }
