"""Tasks and results as frames, for backends whose workers are other processes."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from typing import Any

import cloudpickle

from dataflow_core.errors import CodecError, NotPicklableError, WorkerError
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.failure import add_note
from dataflow_core.parallel.policy import OnError
from dataflow_core.parallel.task import Draws, Failure, Result, Skipped, Task
from dataflow_core.parallel.transport.columns import Columns, from_columns, to_columns
from dataflow_core.parallel.transport.garbled import GarbledError
from dataflow_core.parallel.transport.packing import CODEC, Frames, Packing
from dataflow_core.parallel.transport.unpicklable import what_can_travel

#: What unpickling raises on bytes that are no pickle.
_NO_PICKLE = (pickle.UnpicklingError, EOFError)


def encode_task(task: Task, packing: Packing = CODEC) -> Frames:
    """Return a task as frames; large arrays are views of the task's.

    Raises:
        NotPicklableError: if an input cannot travel.
    """
    draws = task.draws
    fields = [
        task.number,
        (draws.seed, draws.epoch, draws.before, draws.after),
        _packed_positions(task.positions),
        _packed_datapoints(task.inputs),
        task.group,
        task.count,
        task.begin,
        task.opens,
        task.may_group,
    ]
    try:
        return packing.pack(fields)
    except Exception as error:
        first, last = (task.positions[0], task.positions[-1]) if task.positions else (0, 0)
        which = first if first == last else f"{first} ... {last}"
        raise NotPicklableError(
            f"the datapoint with position {which} cannot be sent to a worker process: {error}."
            ' Make such objects in a map, or use backend="thread"'
        ) from error


def decode_task(frames: Frames, packing: Packing = CODEC) -> Task:
    """Return the task in `frames`; its arrays are views of them.

    Raises:
        GarbledError: if there is none.
        Exception: what unpickling an input raises.
    """
    fields = _unpacked(frames, packing)
    number, draws, positions, inputs, group, count, begin, opens, may_group = fields
    return Task(
        number,
        Draws(*draws),
        _positions(positions),
        _datapoints(inputs, own=False),
        group,
        count,
        begin,
        opens,
        may_group,
    )


def _packed_positions(positions: Sequence[int]) -> list[int] | tuple[int, int, int]:
    """Return positions as what travels: three numbers, if they are evenly spaced."""
    if isinstance(positions, range):
        return positions.start, positions.stop, positions.step
    return [*positions]


def _positions(packed: list[int] | tuple[int, int, int]) -> Sequence[int]:
    return range(*packed) if isinstance(packed, tuple) else packed


def _packed_datapoints(datapoints: Sequence[Datapoint]) -> list[Datapoint] | Columns:
    columns = to_columns(datapoints)
    return [*datapoints] if columns is None else columns


def _datapoints(packed: list[Datapoint] | Columns, *, own: bool) -> list[Datapoint]:
    return from_columns(packed, own=own) if isinstance(packed, tuple) else packed


def encode_result(
    result: Result,
    packing: Packing = CODEC,
    on_error: OnError = "raise",
    stage: str = "the workers' part",
) -> Frames:
    """Return a result as frames; large arrays are views of the result's.

    An output that cannot travel is a NotPicklableError of its datapoint.

    Args:
        result: of a task.
        packing: how.
        on_error: whether such an output may be left out instead.
        stage: which made the outputs.
    """
    try:
        return packing.pack(_fields(result))
    except Exception as error:  # noqa: BLE001  whatever a user's __reduce__ raises
        whole = error

    def pack(output: Datapoint) -> None:
        packing.pack([output])

    kept = what_can_travel(result, pack, on_error, stage)
    if kept is None:
        raise whole
    return packing.pack(_fields(kept))


def _fields(result: Result) -> list[Any]:
    return [
        result.number,
        _packed_datapoints(result.outputs),
        _packed_positions(result.positions),
        result.grouped,
        [*result.groups],
        [*result.numbers],
        result.seconds,
        None if result.failure is None else packed_failure(result.failure),
        [*result.places],
        result.finished,
        [(one.position, one.stage, one.error, one.traceback) for one in result.skipped],
        result.retried,
    ]


def decode_result(frames: Frames, packing: Packing = CODEC) -> Result:
    """Return the result in `frames`; its arrays are views of them.

    Raises:
        GarbledError: if there is none.
        Exception: what unpickling an output raises.
    """
    fields = _unpacked(frames, packing)
    try:
        (
            number,
            outputs,
            positions,
            grouped,
            groups,
            numbers,
            seconds,
            failure,
            places,
            finished,
            skipped,
            retried,
        ) = fields
        return Result(
            number,
            _datapoints(outputs, own=True),
            _positions(positions),
            grouped,
            groups,
            numbers,
            seconds,
            sum(map(len, frames)),
            None if failure is None else unpacked_failure(failure),
            places,
            finished,
            [Skipped(*one) for one in skipped],
            retried,
        )
    except (TypeError, ValueError, LookupError) as error:
        raise GarbledError(f"these are not the fields of a result: {error}") from error


def _unpacked(frames: Frames, packing: Packing) -> Sequence[Any]:
    if not frames:
        raise GarbledError("there are no frames")
    try:
        return packing.unpack(frames)
    except _NO_PICKLE as error:
        raise GarbledError(f"these frames are no pickle: {error}") from error
    except CodecError as error:
        cause = error.__cause__
        if cause is None or isinstance(cause, _NO_PICKLE):
            raise GarbledError(str(error)) from error
        raise cause from None  # It is the user's own: of an object that the codec does not know.


Packed = tuple[bytes | None, str, str, list[str]]


def packed_failure(failure: Failure) -> Packed:
    """Return the exception as a pickle, if it survives one; as a line; its traceback; its notes."""
    error = failure.error
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    line = traceback.format_exception_only(type(error), error)[0].strip()
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        packed = cloudpickle.dumps(error)
        pickle.loads(packed)  # noqa: S301  our own, just made
    except Exception:  # noqa: BLE001  whatever a user's exception does; its text arrives anyway
        return None, line, text, notes
    return packed, line, text, notes


def unpacked_failure(packed: Packed) -> Failure:
    """Return the failure of a worker that this process started."""
    pickled, line, text, notes = packed
    if pickled is not None:
        try:
            return Failure(pickle.loads(pickled), text)  # noqa: S301  of our own child
        except Exception:  # noqa: BLE001, S110  its class may not be there; its text is
            pass
    error = WorkerError(f"a worker raised what cannot be sent: {line}", traceback_text=text)
    for note in notes:
        add_note(error, note)
    return Failure(error, text)
