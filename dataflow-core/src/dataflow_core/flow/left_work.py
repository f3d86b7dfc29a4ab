"""Let a stage do what the stage before has left to it, in that one's name."""

from __future__ import annotations

from types import TracebackType

from dataflow_core.rng import at_hand


class stage_before:  # noqa: N801  used like a function
    """Have errors that come out of the block be those of the stage before the one at work.

    For `on_error` and in notes. Only for work on the datapoint at hand which `_call_before` of that
    stage has left undone, and which draws no random numbers: these would be the wrong stage's.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and (context := at_hand()) is not None:
            # It stays so: whoever handles the error asks whose it is.
            context.step -= 1
