"""The parent's side: a pool of processes around one ROUTER socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import zmq

from dataflow_core.errors import WorkerDiedError, WorkerError
from dataflow_core.parallel import (
    Lost,
    Result,
    Task,
    WorkerProcess,
    WorkersPart,
    decode_result,
    encode_task,
    stop_all,
)
from dataflow_zmq import messages
from dataflow_zmq.endpoint import Endpoint

#: A worker has this many tasks at once: the one it runs, and the next, so that it never waits.
TASKS_EACH = 2

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16

#: So many workers in a row may end before they are ready; then the next one would, too.
STARTS = 3

#: How often to look for dead workers where the system cannot tell of them by itself.
WATCH_MILLISECONDS = 200


@dataclass
class _Worker:
    number: int
    identity: bytes
    process: WorkerProcess
    ready: bool = False
    tasks: deque[int] = field(default_factory=deque)


@dataclass(frozen=True)
class _Waiting:
    number: int
    frames: Sequence[bytes | memoryview]


class ZMQPool:
    """Worker processes, the tasks each has, and those that wait for one to be free.

    Args:
        part: what the workers run.
        num_workers: how many.
    """

    def __init__(self, part: WorkersPart, num_workers: int) -> None:
        self._part = part.packed()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.sndhwm = self._socket.rcvhwm = 0  # The engine bounds what is under way.
        self._socket.router_mandatory = True
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._endpoint: Endpoint | None = None
        self._workers: dict[bytes, _Worker] = {}
        self._waiting: deque[_Waiting] = deque()
        self._lost: deque[Lost] = deque()
        #: Tasks that a dead worker had. Each runs alone, so that a second death tells which it was.
        self._suspects: set[int] = set()
        self._started = 0
        self._failed_starts = 0
        self._closed = False
        try:
            for number in range(num_workers):
                self._start(number)
        except BaseException:
            self.close()
            raise

    def submit(self, task: Task) -> None:
        """Give the task to a worker that has room, or keep it until one has.

        Raises:
            NotPicklableError: if an input cannot travel.
        """
        self._waiting.append(_Waiting(task.number, encode_task(task)))
        self._hand_out()

    def receive(self) -> Result | Lost:
        """Wait for the next result, or for a worker's end.

        Raises:
            WorkerError: if a worker cannot run the part.
            WorkerDiedError: if workers keep dying before they are ready.
        """
        while True:
            if self._lost:
                return self._lost.popleft()
            events = dict(self._poller.poll(self._patience()))
            if events.pop(self._socket, None):
                result = self._read()
                if result is not None:
                    return result
                continue
            # Only now, when nothing is left to read: what a worker sent before its end counts.
            self._bury_the_dead()

    def cancel(self) -> None:
        """Forget the tasks that no worker has begun."""
        self._waiting.clear()
        self._lost.clear()
        if self._closed:
            return
        for worker in self._workers.values():
            worker.tasks.clear()
            if worker.ready:
                self._send(worker, [messages.CANCEL])

    def close(self) -> None:
        """Stop the workers and release socket, descriptors and files."""
        if self._closed:
            return
        self.cancel()
        self._closed = True
        for worker in self._workers.values():
            if worker.ready:
                self._send(worker, [messages.STOP])
            else:
                worker.process.let_go()
        stop_all([worker.process for worker in self._workers.values()])
        self._workers.clear()
        self._socket.close(0)
        self._context.term()
        if self._endpoint is not None:
            self._endpoint.remove()

    def _start(self, number: int) -> None:
        if self._endpoint is None:
            self._endpoint = Endpoint()
            self._socket.bind(self._endpoint.address)
        identity = f"{number}.{self._started}"
        self._started += 1
        process = WorkerProcess(
            "dataflow_zmq.worker:main",
            {
                "address": self._endpoint.address,
                "identity": identity,
                "worker": number,
            },
            leftovers=[self._endpoint.directory],
        )
        if process.descriptor is not None:
            self._poller.register(process.descriptor, zmq.POLLIN)
        self._workers[identity.encode()] = _Worker(number, identity.encode(), process)

    def _patience(self) -> int | None:
        """Return how long to wait before looking for dead workers; None where poll tells."""
        told = all(worker.process.descriptor is not None for worker in self._workers.values())
        return None if told else WATCH_MILLISECONDS

    def _read(self) -> Result | None:
        identity, what, *frames = self._socket.recv_multipart(copy=False)
        worker = self._workers.get(identity.bytes)
        kind = what.bytes
        if worker is None:
            return None
        if kind == messages.HELLO:
            worker.ready = True
            self._failed_starts = 0
            self._send(worker, [messages.PART, self._part])
            self._forget_address()
            self._hand_out()
            return None
        if kind == messages.BROKEN:
            text = frames[0].bytes.decode()
            raise WorkerError(
                f"a worker process cannot run its part of the pipeline:\n{text}",
                traceback_text=text,
            )
        result = decode_result([frame.buffer for frame in frames])
        if result.number in worker.tasks:
            worker.tasks.remove(result.number)
        self._suspects.discard(result.number)
        self._hand_out()
        return result

    def _hand_out(self) -> None:
        """Send waiting tasks to ready workers, the least busy first."""
        while self._waiting:
            task = self._waiting[0]
            worker = self._with_room_for(task)
            if worker is None:
                return
            self._waiting.popleft()
            worker.tasks.append(task.number)
            self._send(worker, [messages.TASK, *task.frames])

    def _with_room_for(self, task: _Waiting) -> _Worker | None:
        most = 1 if task.number in self._suspects else TASKS_EACH
        free = [
            worker
            for worker in self._workers.values()
            if worker.ready and len(worker.tasks) < most and self._suspects.isdisjoint(worker.tasks)
        ]
        return min(free, key=lambda worker: len(worker.tasks), default=None)

    def _send(self, worker: _Worker, frames: list[bytes | memoryview]) -> None:
        try:
            self._socket.send_multipart(
                [worker.identity, *frames], copy=False, copy_threshold=COPY_BELOW
            )
        except zmq.ZMQError as error:
            # The worker is gone; its end is noticed in receive(), with the tasks it had.
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def _forget_address(self) -> None:
        if self._endpoint is not None and all(each.ready for each in self._workers.values()):
            # Unbinding would end the connections, too.
            self._endpoint.remove()
            self._endpoint = None

    def _bury_the_dead(self) -> None:
        for worker in [*self._workers.values()]:
            cause = worker.process.ended()
            if cause is None:
                continue
            if worker.process.descriptor is not None:
                self._poller.unregister(worker.process.descriptor)
            worker.process.kill()
            del self._workers[worker.identity]
            if worker.ready:
                self._suspects.update(worker.tasks)
                self._lost.append(Lost(worker.number, tuple(worker.tasks), cause))
            else:
                self._failed_starts += 1
            if self._failed_starts == STARTS:
                raise WorkerDiedError(
                    f"a worker process {cause} while it was starting, and so did others before;"
                    " its own message, if any, is on standard error"
                )
            self._start(worker.number)
