"""What a worker process does, whatever carries the messages between it and its pool."""

from __future__ import annotations

import traceback
from collections import deque
from itertools import count
from typing import Protocol, TypeVar

from dataflow_core import hooks
from dataflow_core.collate import keep_freed_memory
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.task import Failure, Result, Task
from dataflow_core.parallel.transport import kinds
from dataflow_core.parallel.transport.channel import Channel, Sends
from dataflow_core.parallel.transport.frames import decode_task, encode_result
from dataflow_core.parallel.transport.packing import CODEC, Packing
from dataflow_core.parallel.transport.wire import ClosedError, Message
from dataflow_core.parallel.worker import Worker, make_worker


class Receives(Sends, Protocol):
    """What a worker needs of what carries its messages."""

    def receive(self) -> Message:
        """Wait for the next message.

        Raises:
            ClosedError: if the pool is gone.
        """

    def waiting(self) -> bool:
        """Return whether `receive` would find something right away."""


R = TypeVar("R", bound=Receives)


def run_worker(
    channel: Channel[R],
    name: str,
    number: int,
    packing: Packing = CODEC,
    *,
    hello: bool = False,
) -> None:
    """Take the workers' part and answer tasks until told to stop; then close the channel.

    Args:
        channel: to the pool.
        name: of the backend.
        number: of the worker.
        packing: of tasks and results, as the pool's.
        hello: whether the pool cannot send anything before it has heard of the worker.
    """
    keep_freed_memory()
    try:
        if hello:
            channel.send(kinds.HELLO, [])
        (packed,) = channel.buffers(channel.wire.receive())
        part = _unpacked(channel, bytes(packed), name, number)
        worker = make_worker(part, in_process=False, allocate=channel.empty)
        channel.send(kinds.READY, [])
        _answer_tasks(channel, worker, part, packing)
        worker.close()
        hooks.worker_stopping(name, number)
    except ClosedError:
        pass  # The pool is gone, or wants no more of us.
    finally:
        channel.close()


def _unpacked(channel: Channel[R], packed: bytes, name: str, number: int) -> WorkersPart:
    try:
        part = WorkersPart.unpacked(packed)
        hooks.worker_started(name, number)
    except Exception:  # noqa: BLE001  the pool raises it
        channel.send(kinds.BROKEN, [traceback.format_exc().encode()])
        while True:  # until the pool, which has no use for this worker, closes
            channel.wire.receive()
    return part


def _answer_tasks(channel: Channel[R], worker: Worker, part: WorkersPart, packing: Packing) -> None:
    tasks: deque[tuple[int, Message]] = deque()
    received = count(1)
    stage = part.maker()
    while True:
        # All that has arrived is looked at before a task is begun: it may have been cancelled.
        while not tasks or channel.wire.waiting():
            message = channel.wire.receive()
            if message.kind == kinds.TASK:
                tasks.append((next(received), message))
            elif message.kind == kinds.CANCEL:
                for _, cancelled in tasks:
                    channel.buffers(cancelled)  # and so its slot is free again
                tasks.clear()
                worker.close()
                channel.trim()
            else:
                return
        number, message = tasks.popleft()
        # What this process is at when it dies is to blame, and what waits for it is not.
        channel.note(number)
        try:
            task = decode_task(channel.buffers(message), packing)
        except Exception as error:  # noqa: BLE001  whatever a user's __setstate__ raises
            channel.send(kinds.UNREADABLE, [f"{type(error).__name__}: {error}".encode()])
        else:
            result = _run(worker, task)
            channel.send(kinds.RESULT, encode_result(result, packing, part.on_error, stage))
            # Nothing of a result is kept here while the next task is waited for.
            del task, result
        del message
        channel.note(0)


def _run(worker: Worker, task: Task) -> Result:
    try:
        return worker.run(task)
    except Exception as error:  # noqa: BLE001  opening the stages failed, and may do so again
        return Result(task.number, [], [], failure=Failure(error))
