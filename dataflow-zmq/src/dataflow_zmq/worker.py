"""The worker's side: runs in a fresh process, until it is told to stop."""

from __future__ import annotations

import os
import traceback
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import zmq

from dataflow_core import hooks
from dataflow_core.parallel import (
    Channel,
    Failure,
    Incoming,
    Message,
    Outgoing,
    Result,
    Task,
    Worker,
    WorkersPart,
    decode_task,
    encode_result,
    make_worker,
    map_flags,
)
from dataflow_zmq import messages
from dataflow_zmq.slot_wire import SlotWire, received

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16


class Arguments(TypedDict):
    """What a worker is started with."""

    address: str
    identity: str
    worker: int
    incoming: int
    outgoing: int
    limit_bytes: int | None


def main(arguments: Arguments) -> None:
    """Say hello, take the workers' part, answer tasks."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = 0  # The engine bounds what is under way.
        socket.setsockopt(zmq.IDENTITY, arguments["identity"].encode())
        socket.connect(arguments["address"])
        channel = Channel(
            SlotWire(messages.RESULT, partial(_send, socket)),
            Outgoing(map_flags(arguments["outgoing"]), arguments["limit_bytes"]),
            Incoming(map_flags(arguments["incoming"])),
        )
        try:
            socket.send(messages.HELLO)
            _serve(socket, channel, arguments["worker"])
        finally:
            channel.close()


def _send(socket: zmq.Socket[bytes], frames: Sequence[bytes | memoryview]) -> None:
    socket.send_multipart(frames, copy=False, copy_threshold=COPY_BELOW)


def _serve(socket: zmq.Socket[bytes], channel: Channel[SlotWire], number: int) -> None:
    worker: Worker | None = None
    parent = os.getppid()
    tasks: deque[Message] = deque()
    while True:
        # All that has arrived is looked at before a task is begun: it may have been cancelled.
        while not tasks or socket.poll(0):
            message = socket.recv_multipart(copy=False)
            what = message[0].bytes
            if what == messages.TASK:
                tasks.append(received(message[1:], parent))
            elif what == messages.CANCEL:
                for cancelled in tasks:
                    channel.buffers(cancelled)  # and so its slot is free again
                tasks.clear()
                if worker is not None:
                    worker.close()
            elif what == messages.PART:
                worker = _make(socket, channel, message[1].bytes, number)
            else:
                if worker is not None:
                    worker.close()
                    hooks.worker_stopping("zmq", number)
                return
        task = tasks.popleft()
        if worker is None:
            channel.buffers(task)
            continue
        result = _run(worker, decode_task(channel.buffers(task)))
        channel.send(0, encode_result(result))
        # Nothing of a result is kept here while the next task is waited for.
        del task, result


def _run(worker: Worker, task: Task) -> Result:
    try:
        return worker.run(task)
    except Exception as error:  # noqa: BLE001  opening the stages failed, and may do so again
        return Result(task.number, [], [], failure=Failure(error))


def _make(
    socket: zmq.Socket[bytes], channel: Channel[SlotWire], packed: bytes, number: int
) -> Worker | None:
    try:
        part = WorkersPart.unpacked(packed)
        worker = make_worker(part, in_process=False, allocate=channel.empty)
        hooks.worker_started("zmq", number)
    except Exception:  # noqa: BLE001  the parent raises it
        socket.send_multipart([messages.BROKEN, traceback.format_exc().encode()])
        return None
    return worker
