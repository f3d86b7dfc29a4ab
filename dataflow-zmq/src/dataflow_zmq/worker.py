"""The worker's side: runs in a fresh process, until it is told to stop."""

from __future__ import annotations

import traceback
from collections import deque
from typing import TypedDict

import zmq

from dataflow_core import hooks
from dataflow_core.parallel import (
    Failure,
    Result,
    Task,
    Worker,
    WorkersPart,
    decode_task,
    encode_result,
    make_worker,
)
from dataflow_zmq import messages

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16


class Arguments(TypedDict):
    """What a worker is started with."""

    address: str
    identity: str
    worker: int


def main(arguments: Arguments) -> None:
    """Say hello, take the workers' part, answer tasks."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = 0  # The engine bounds what is under way.
        socket.setsockopt(zmq.IDENTITY, arguments["identity"].encode())
        socket.connect(arguments["address"])
        socket.send(messages.HELLO)
        _serve(socket, arguments["worker"])


def _serve(socket: zmq.Socket[bytes], number: int) -> None:
    worker: Worker | None = None
    tasks: deque[list[zmq.Frame]] = deque()
    while True:
        # All that has arrived is looked at before a task is begun: it may have been cancelled.
        while not tasks or socket.poll(0):
            message = socket.recv_multipart(copy=False)
            what = message[0].bytes
            if what == messages.TASK:
                tasks.append(message[1:])
            elif what == messages.CANCEL:
                tasks.clear()
                if worker is not None:
                    worker.close()
            elif what == messages.PART:
                worker = _make(socket, message[1].bytes, number)
            else:
                if worker is not None:
                    worker.close()
                    hooks.worker_stopping("zmq", number)
                return
        if worker is None:
            tasks.clear()
            continue
        frames = tasks.popleft()
        result = _run(worker, decode_task([frame.buffer for frame in frames]))
        socket.send_multipart(
            [messages.RESULT, *encode_result(result)], copy=False, copy_threshold=COPY_BELOW
        )


def _run(worker: Worker, task: Task) -> Result:
    try:
        return worker.run(task)
    except Exception as error:  # noqa: BLE001  opening the stages failed, and may do so again
        return Result(task.number, [], [], failure=Failure(error))


def _make(socket: zmq.Socket[bytes], packed: bytes, number: int) -> Worker | None:
    try:
        worker = make_worker(WorkersPart.unpacked(packed), in_process=False)
        hooks.worker_started("zmq", number)
    except Exception:  # noqa: BLE001  the parent raises it
        socket.send_multipart([messages.BROKEN, traceback.format_exc().encode()])
        return None
    return worker
