"""What a flow remembers from one public iteration to the next: seed, epoch and place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dataflow_core import hooks
from dataflow_core.collate import keep_freed_memory
from dataflow_core.errors import ReentrantIterationError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import hidden_notes
from dataflow_core.flow.run import Place, Run, Scope

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow
    from dataflow_core.flow.opaque import OpaqueRun


@dataclass(eq=False)
class Reading:
    """An iterator under way.

    Attributes:
        run: what it reads.
        items: the iterator over `run`.
        stopped: whether it was ended from outside.
    """

    run: Run
    items: Iterator[Datapoint]
    stopped: bool = False

    def stop(self) -> bool:
        """End the iterator: it yields nothing more, and its run lets go of what it holds.

        Returns:
            Whether that could be done: not while it is at its next datapoint.
        """
        self.stopped = True
        close = getattr(self.items, "close", None)
        if close is not None:
            try:
                close()
            except ValueError:
                if not getattr(self.items, "gi_running", False):
                    raise
                self.stopped = False
                return False
        self.run.close()
        return True


@dataclass(eq=False)
class Session:
    """The life of a flow since it was reset.

    Attributes:
        seed: of every random stream.
        first: the number of the first random stream; not 0 inside another flow.
        epoch: of the iteration that is under way, else of the next one.
        place: where that epoch goes on when nothing is under way; None is its beginning.
        epochs_apart: how far the next epoch is from this one.
        latest: the run of the last iteration, unless it came to its end.
        running: what is under way, newest last; several only over stateless flows.
        owner: the run of the flow that reads this one, if one does.
    """

    seed: int
    first: int = 0
    epoch: int = 0
    place: Place | None = None
    epochs_apart: int = 1
    latest: Run | None = None
    running: list[Reading] = field(default_factory=list)
    owner: OpaqueRun | None = None

    def where(self) -> tuple[int, Place | None]:
        """Return epoch and place of the datapoint that comes next."""
        if self.latest is None:
            return self.epoch, self.place
        return self.epoch, self.latest.place()

    def iterate(self, flow: DataFlow) -> Iterator[Datapoint]:
        """Return an iterator over the next epoch, or over the rest of one that was loaded."""
        self.refuse_reentry(flow)
        return self._epoch(flow)

    def refuse_reentry(self, flow: DataFlow) -> None:
        """Raise if an iterator is under way that another one would disturb."""
        if self.running and not flow._stateless:
            raise ReentrantIterationError(
                f"an iterator over {flow._label()} is still running; finish or close it first,"
                " or give each loop a flow of its own"
            )

    def stop(self, flow: DataFlow) -> None:
        """Close the iterators under way; the place stays.

        Raises:
            ReentrantIterationError: if one of them is in the middle of it, in another thread or
                further down in this one.
        """
        while self.running:
            if not self.running[-1].stop():
                raise ReentrantIterationError(
                    f"{flow._label()} cannot be closed or reset while another thread, or a function"
                    " of its own, is iterating it; end that loop first"
                )
            self.running.pop()

    def _epoch(self, flow: DataFlow) -> Iterator[Datapoint]:
        self.refuse_reentry(flow)
        if self.latest is not None:
            # The last iteration was broken off: its epoch is over all the same.
            self.epoch += self.epochs_apart
            self.place = None
        epoch, place = self.epoch, self.place
        keep_freed_memory()
        # A generator that reads this flow is run again from its beginning to go on.
        scope = Scope(self.seed, epoch, self.first, any_order=self.owner is None)
        run = flow._open(scope, place)
        self.latest = run
        try:
            reading = Reading(run, iter(run))
        except BaseException:
            run.close()
            raise
        self.running.append(reading)
        completed = False
        try:
            hooks.epoch_started(flow=flow, epoch=epoch)
            yield from reading.items
            completed = not reading.stopped
        except Exception as error:
            notes = hidden_notes(error)
            if notes is None:
                raise
            raise error from notes
        finally:
            if reading in self.running:
                self.running.remove(reading)
            if completed and self.latest is run:
                self.epoch, self.place, self.latest = epoch + self.epochs_apart, None, None
            position = run.position + 1
            run.close()
            hooks.epoch_finished(flow=flow, epoch=epoch, position=position, completed=completed)
