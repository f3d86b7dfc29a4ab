"""Let a stage do what the stage before has left to it, in that one's name."""

from __future__ import annotations

from types import TracebackType

from dataflow_core.rng import DrawContext, at_hand


class stage_before:  # noqa: N801  used like a function
    """While it is entered, the stage before the one at work is at work.

    Errors are then that one's, for `on_error` and in notes, and so are random numbers. Only for
    work on the datapoint at hand which `_call_before` of that stage has left undone.
    """

    __slots__ = ("_context",)

    def __enter__(self) -> None:
        self._context: DrawContext | None = at_hand()
        if self._context is not None:
            self._context.step -= 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error it stays: whoever handles that asks whose it is.
        if self._context is not None and kind is None:
            self._context.step += 1
