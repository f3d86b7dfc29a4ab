"""The worker's side of the process backend: runs in a fresh interpreter."""

from __future__ import annotations

import socket
import traceback
from collections import deque
from typing import TypeAlias, TypedDict

from dataflow_core import hooks
from dataflow_core.parallel.packing import PICKLE
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes import kinds
from dataflow_core.parallel.processes.channel import Channel
from dataflow_core.parallel.processes.slots import Incoming, Outgoing, map_flags
from dataflow_core.parallel.processes.wire import ClosedError, Message, Wire
from dataflow_core.parallel.remote import decode_task, encode_result
from dataflow_core.parallel.worker import Worker, make_worker

NAME = "process"

Line: TypeAlias = Channel[Wire]


class Arguments(TypedDict):
    """What a worker is started with: descriptors, mostly."""

    socket: int
    incoming: int
    outgoing: int
    limit_bytes: int | None
    worker: int


def main(arguments: Arguments) -> None:
    """Take the part, answer tasks, until told to stop."""
    wire = Wire(socket.socket(fileno=arguments["socket"]), blocking=True)
    outgoing = Outgoing(map_flags(arguments["outgoing"]), arguments["limit_bytes"])
    incoming = Incoming(map_flags(arguments["incoming"]))
    channel = Channel(wire, outgoing, incoming)
    try:
        part = channel.buffers(wire.receive())[0]
        worker = _make(channel, bytes(part), arguments["worker"])
        if worker is not None:
            channel.send(kinds.READY, [])
            _serve(channel, worker)
            worker.close()
            hooks.worker_stopping(NAME, arguments["worker"])
    except ClosedError:
        pass  # The parent is gone, or wants no more of us.
    finally:
        channel.close()


def _make(channel: Line, packed: bytes, number: int) -> Worker | None:
    try:
        part = WorkersPart.unpacked(packed)
        worker = make_worker(part, in_process=False, allocate=channel.empty)
        hooks.worker_started(NAME, number)
    except Exception:  # noqa: BLE001  the parent raises it
        channel.send(kinds.BROKEN, [traceback.format_exc().encode()])
        return None
    return worker


def _serve(channel: Line, worker: Worker) -> None:
    tasks: deque[Message] = deque()
    while True:
        # All that has arrived is looked at before a task is begun: it may have been cancelled.
        while not tasks or channel.wire.waiting():
            message = channel.wire.receive()
            if message.kind == kinds.TASK:
                tasks.append(message)
            elif message.kind == kinds.CANCEL:
                for cancelled in tasks:
                    channel.buffers(cancelled)
                tasks.clear()
                worker.close()
            else:
                return
        result = worker.run(decode_task(channel.buffers(tasks.popleft()), PICKLE))
        channel.send(kinds.RESULT, encode_result(result, PICKLE))
        # Nothing of a result is kept here while the next task is waited for.
        del result
