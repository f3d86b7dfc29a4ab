"""One-by-one stages on the datapoints of a task, and what is done about those they fail on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from dataflow_core.flow.chain_run import Call
from dataflow_core.flow.datapoint import DROP, Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.parallel.policy import OnError, decide, wait_before_retry
from dataflow_core.parallel.task import Draws, Failure, Result, Skipped
from dataflow_core.rng import DrawContext, hold, let_go


class _Numbering:
    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = -1


class Steps:
    """One-by-one stages, and the random numbers of the run they are in."""

    def __init__(self, calls: Sequence[Call], labels: Sequence[str]) -> None:
        self.calls = [*enumerate(calls)]
        self.labels = labels
        self._key: object = None
        self._context: DrawContext | None = None
        self._numbering = _Numbering()

    def context(self, draws: Draws, streams: tuple[int, ...]) -> DrawContext:
        """Return the context for a task, with the generators of the task before if they fit."""
        key = (draws.seed, streams)
        if self._context is None or key != self._key:
            self._key = key
            self._context = DrawContext(draws.seed, draws.epoch, streams, self._numbering)
        self._context.restart(draws.epoch)
        return self._context

    def run(
        self,
        context: DrawContext,
        positions: Sequence[int],
        inputs: Sequence[Datapoint],
        result: Result,
        on_error: OnError = "raise",
    ) -> None:
        """Run the steps on every input, up to the first that fails for good.

        What comes of it goes into `result`.
        """
        outputs: list[Datapoint] = []
        dropped = False
        numbering, calls = self._numbering, self.calls
        hold(context)
        try:
            for numbering.position, item in zip(positions, inputs):
                dp = item
                try:
                    for context.step, call in calls:
                        dp = call(dp)
                        if dp is DROP:
                            dropped = True
                            break
                except Exception as error:  # noqa: BLE001  it is the user's
                    dp = self._failed(context, item, error, result, on_error)
                    dropped = dropped or dp is DROP
                outputs.append(dp)
        except _ForGoodError as final:
            result.failure = Failure(final.error)
        finally:
            let_go()
        kept = positions[: len(outputs)]
        if dropped:
            kept = [position for position, dp in zip(kept, outputs) if dp is not DROP]
            outputs = [dp for dp in outputs if dp is not DROP]
        result.outputs, result.positions = outputs, kept

    def _failed(
        self,
        context: DrawContext,
        item: Datapoint,
        error: Exception,
        result: Result,
        on_error: OnError,
    ) -> Datapoint:
        """Return what comes of a datapoint after all that a step has raised on it."""
        position = self._numbering.position
        for tries in count(1):
            stage = self.labels[context.step]
            note_place(error, stage, position)
            try:
                opinion = decide(on_error, error, stage, position, tries)
            except Exception as mistake:  # noqa: BLE001  of a function given as on_error
                raise _ForGoodError(mistake) from error
            if opinion == "raise":
                raise _ForGoodError(error)
            if opinion == "skip":
                result.skipped = [*result.skipped, Skipped.because_of(error, stage, position)]
                break
            wait_before_retry(on_error, tries)
            result.retried += 1
            context.restart(context.epoch)
            dp = item
            try:
                for context.step, call in self.calls:
                    dp = call(dp)
                    if dp is DROP:
                        break
            except Exception as again:  # noqa: BLE001
                error = again
            else:
                return dp
        return DROP


class _ForGoodError(Exception):
    """A datapoint failed, and neither a retry nor leaving it out is wanted."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
