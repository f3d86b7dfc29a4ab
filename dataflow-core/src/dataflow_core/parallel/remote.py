"""Tasks and results as frames, for backends whose workers are other processes."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cloudpickle

from dataflow_core.errors import NotPicklableError, WorkerError
from dataflow_core.flow.failure import add_note
from dataflow_core.parallel.packing import CODEC, Frames, Packing
from dataflow_core.parallel.task import Draws, Failure, Result, Skipped, Task


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
        [*task.inputs],
        task.group,
        task.count,
        task.begin,
        task.opens,
    ]
    try:
        return packing.pack(fields)
    except Exception as error:
        first, last = (task.positions[0], task.positions[-1]) if task.positions else (0, 0)
        raise NotPicklableError(
            f"a datapoint with a position in {first} ... {last} cannot be sent to a worker"
            f' process: {error}. Make such objects in a map, or use backend="thread"'
        ) from error


def decode_task(frames: Frames, packing: Packing = CODEC) -> Task:
    """Return the task in `frames`; its arrays are views of them."""
    number, draws, positions, inputs, group, count, begin, opens = packing.unpack(frames)
    return Task(number, Draws(*draws), _positions(positions), inputs, group, count, begin, opens)


def _packed_positions(positions: Sequence[int]) -> list[int] | tuple[int, int, int]:
    """Return positions as what travels: three numbers, if they are evenly spaced."""
    if isinstance(positions, range):
        return positions.start, positions.stop, positions.step
    return [*positions]


def _positions(packed: list[int] | tuple[int, int, int]) -> Sequence[int]:
    return range(*packed) if isinstance(packed, tuple) else packed


def encode_result(result: Result, packing: Packing = CODEC) -> Frames:
    """Return a result as frames; large arrays are views of the result's.

    If an output cannot travel, the result ends before it, with a NotPicklableError as failure.
    """
    try:
        return packing.pack(_fields(result))
    except Exception as error:  # noqa: BLE001  whatever a user's __reduce__ raises
        shorter = _up_to_what_cannot_travel(result, error, packing)
        return packing.pack(_fields(shorter))


def _fields(result: Result) -> list[Any]:
    return [
        result.number,
        result.outputs,
        _packed_positions(result.positions),
        result.grouped,
        result.seconds,
        None if result.failure is None else packed_failure(result.failure),
        [*result.places],
        result.finished,
        [(one.position, one.stage, one.error, one.traceback) for one in result.skipped],
        result.retried,
    ]


def _up_to_what_cannot_travel(result: Result, error: Exception, packing: Packing) -> Result:
    count = 0
    for output in result.outputs:
        try:
            packing.pack([output])
        except Exception as cause:  # noqa: BLE001
            error = cause
            break
        count += 1
    failure = NotPicklableError(
        f"what the workers' part made of the datapoint with position {result.positions[count]}"
        f" cannot be sent back from a worker process: {error}. Return numbers, strings,"
        ' containers and arrays, or use backend="thread"'
    )
    return replace(
        result,
        outputs=result.outputs[:count],
        positions=result.positions[:count],
        places=result.places[:count],
        failure=Failure(failure),
        finished=False,
    )


def decode_result(frames: Frames, packing: Packing = CODEC) -> Result:
    """Return the result in `frames`; its arrays are views of them."""
    (
        number,
        outputs,
        positions,
        grouped,
        seconds,
        failure,
        places,
        finished,
        skipped,
        retried,
    ) = packing.unpack(frames)
    unpacked = None if failure is None else unpacked_failure(failure)
    left_out = [Skipped(*one) for one in skipped]
    return Result(
        number,
        outputs,
        _positions(positions),
        grouped,
        seconds,
        unpacked,
        places,
        finished,
        left_out,
        retried,
    )


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
