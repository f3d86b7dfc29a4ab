"""Tasks and results as codec frames, for backends whose workers are other processes.

Datapoints travel by the safe codec. Between a parent and the processes it started, over a
channel that nobody else can reach, what the codec does not know is pickled.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from typing import Any

import cloudpickle

from dataflow_core.codec import Limits, decode, encode
from dataflow_core.errors import WorkerError
from dataflow_core.parallel.task import Draws, Failure, Result, Task

#: Parent and workers trust each other: only what memory holds bounds them.
LIMITS = Limits(max_depth=200, max_frames=1 << 24, max_bytes=1 << 48)

Frames = Sequence[bytes | memoryview]


def encode_task(task: Task) -> Frames:
    """Return a task as frames; large arrays are views of the task's."""
    draws = task.draws
    return _encode(
        [
            task.number,
            (draws.seed, draws.epoch, draws.before, draws.after),
            [*task.positions],
            [*task.inputs],
            task.group,
            task.count,
            task.begin,
            task.opens,
        ]
    )


def decode_task(frames: Frames) -> Task:
    """Return the task in `frames`; its arrays are views of them."""
    number, draws, positions, inputs, group, count, begin, opens = _decode(frames)
    return Task(number, Draws(*draws), positions, inputs, group, count, begin, opens)


def encode_result(result: Result) -> Frames:
    """Return a result as frames; large arrays are views of the result's."""
    return _encode(
        [
            result.number,
            result.outputs,
            [*result.positions],
            result.grouped,
            result.seconds,
            None if result.failure is None else packed_failure(result.failure),
            [*result.places],
            result.finished,
        ]
    )


def decode_result(frames: Frames) -> Result:
    """Return the result in `frames`; its arrays are views of them."""
    number, outputs, positions, grouped, seconds, failure, places, finished = _decode(frames)
    unpacked = None if failure is None else unpacked_failure(failure)
    return Result(number, outputs, positions, grouped, seconds, unpacked, places, finished)


def packed_failure(failure: Failure) -> tuple[bytes | None, str]:
    """Return the exception as a pickle, if it survives one, and its formatted traceback."""
    error = failure.error
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        packed = cloudpickle.dumps(error)
        pickle.loads(packed)  # noqa: S301  our own, just made
    except Exception:  # noqa: BLE001  whatever a user's exception does; its text arrives anyway
        return None, text
    return packed, text


def unpacked_failure(packed: tuple[bytes | None, str]) -> Failure:
    """Return the failure of a worker that this process started."""
    pickled, text = packed
    if pickled is not None:
        try:
            return Failure(pickle.loads(pickled), text)  # noqa: S301  of our own child
        except Exception:  # noqa: BLE001  its class may not be there; its text is
            pass
    last = text.strip().rpartition("\n")[2]
    error = WorkerError(f"a worker raised what cannot be sent: {last}", traceback_text=text)
    return Failure(error, text)


def _encode(fields: object) -> Frames:
    return encode(fields, fallback=cloudpickle.dumps, limits=LIMITS)


def _decode(frames: Frames) -> list[Any]:
    fields: list[Any] = decode(frames, fallback=pickle.loads, limits=LIMITS)
    return fields
