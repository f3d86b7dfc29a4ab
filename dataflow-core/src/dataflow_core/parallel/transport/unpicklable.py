"""Results with outputs that cannot be pickled: what travels of them all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dataflow_core.errors import NotPicklableError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import note_place
from dataflow_core.parallel.policy import MAX_TRIES, OnError, decide
from dataflow_core.parallel.task import Failure, Result, Skipped


def what_can_travel(
    result: Result, pack: Callable[[Datapoint], None], on_error: OnError, stage: str
) -> Result | None:
    """Return a result that ends before its first output that cannot be pickled.

    Where such an output may be skipped, and nothing hangs on it, it is left out instead.

    Args:
        result: of a task.
        pack: raises if an output cannot be pickled.
        on_error: whether such an output may be skipped.
        stage: which made the outputs.

    Returns:
        None, if each of the outputs can be pickled.
    """
    kept: list[int] = []
    skipped = [*result.skipped]
    for index, output in enumerate(result.outputs):
        try:
            pack(output)
        except Exception as cause:  # noqa: BLE001  whatever a user's __reduce__ raises
            position = _position_of(result, index)
            error = _cannot_travel(cause, stage, position)
            # Of a whole flow, or of groups, nobody knows what would follow without one of them.
            alone = not result.grouped and not result.places
            if not alone or decide(on_error, error, stage, position, MAX_TRIES) != "skip":
                return _up_to(result, index, kept, skipped, Failure(error))
            skipped.append(Skipped.because_of(error, stage, position))
        else:
            kept.append(index)
    if len(kept) == len(result.outputs):
        return None
    return _up_to(result, len(result.outputs), kept, skipped, result.failure)


def _cannot_travel(cause: Exception, stage: str, position: int) -> NotPicklableError:
    error = NotPicklableError(
        f"what {stage} made of the datapoint with position {position} cannot be sent back from a"
        f" worker process: {cause}. Return numbers, strings, containers and arrays, or use"
        ' backend="thread"',
        stage=stage,
    )
    note_place(error, stage, position)
    return error


def _position_of(result: Result, index: int) -> int:
    if result.grouped:
        index = result.groups[index] * (len(result.positions) // result.grouped)
    return result.positions[index]


def _up_to(
    result: Result, end: int, kept: list[int], skipped: list[Skipped], failure: Failure | None
) -> Result:
    """Return a result without what comes from output `end` on, and of those before, `kept`."""
    cut = end < len(result.outputs)
    grouped = result.grouped
    positions = [result.positions[index] for index in kept]
    if grouped:
        if cut:
            grouped = result.groups[end]
        positions = [*result.positions[: grouped * (len(result.positions) // result.grouped)]]
    if cut:
        last = _position_of(result, end)
        skipped = [one for one in skipped if one.position < last]
    return replace(
        result,
        outputs=[result.outputs[index] for index in kept],
        positions=positions,
        grouped=grouped,
        groups=[result.groups[index] for index in kept] if result.grouped else (),
        places=result.places[:end],
        failure=failure,
        finished=result.finished and not cut,
        skipped=sorted(skipped, key=lambda one: one.position),
    )
