"""The parent's side: a pool of processes around one ROUTER socket."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import zmq

from dataflow_core.errors import WorkerError
from dataflow_core.parallel import (
    Channel,
    Incoming,
    Lost,
    Member,
    Outgoing,
    Result,
    Roster,
    Task,
    WorkerProcess,
    WorkersPart,
    create_flags,
    decode_result,
    encode_task,
    stop_all,
)
from dataflow_zmq import messages
from dataflow_zmq.endpoint import Endpoint
from dataflow_zmq.slot_wire import SlotWire, received, slots_can_be_shared

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16

#: How often to look for dead workers where the system cannot tell of them by itself.
WATCH_MILLISECONDS = 200


@dataclass(frozen=True, eq=False)
class Line:
    """How a worker is reached: the identity of its socket, and the slots beside it."""

    identity: bytes
    channel: Channel[SlotWire]


class ZMQPool:
    """Worker processes, the tasks each has, and those that wait for one to be free.

    Args:
        part: what the workers run.
        num_workers: how many.
        limit_bytes: how much shared memory either side of each worker may fill; None is without
            bound.
    """

    def __init__(self, part: WorkersPart, num_workers: int, limit_bytes: int | None = None) -> None:
        self._part = part.packed()
        self._limit = limit_bytes if slots_can_be_shared() else 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.sndhwm = self._socket.rcvhwm = 0  # The engine bounds what is under way.
        self._socket.router_mandatory = True
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._endpoint: Endpoint | None = None
        self._roster: Roster[Line] = Roster(part.timeout_s)
        self._lost: deque[Lost] = deque()
        self._started = 0
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
        self._roster.submit(task, encode_task(task))
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
            if not events:
                self._roster.kill_overdue()
            # Only now, when nothing is left to read: what a worker sent before its end counts.
            self._bury_the_dead()

    def cancel(self) -> None:
        """Forget the tasks that no worker has begun."""
        self._roster.cancel()
        self._lost.clear()
        if self._closed:
            return
        for member in self._roster.members:
            if member.ready:
                self._send(member.line.identity, [messages.CANCEL])

    def close(self) -> None:
        """Stop the workers and release socket, descriptors and files."""
        if self._closed:
            return
        self.cancel()
        self._closed = True
        for member in self._roster.members:
            if member.ready:
                self._send(member.line.identity, [messages.STOP])
            else:
                member.process.let_go()
        stop_all([member.process for member in self._roster.members])
        for member in self._roster.members:
            member.line.channel.close()
        self._roster.members.clear()
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
        to_worker, its_flags = create_flags()
        from_worker, our_flags = create_flags()
        try:
            process = WorkerProcess(
                "dataflow_zmq.worker:main",
                {
                    "address": self._endpoint.address,
                    "identity": identity,
                    "worker": number,
                    "incoming": to_worker,
                    "outgoing": from_worker,
                    "limit_bytes": self._limit,
                },
                leftovers=[self._endpoint.directory],
                descriptors=(to_worker, from_worker),
            )
        finally:
            os.close(to_worker)
            os.close(from_worker)
        if process.descriptor is not None:
            self._poller.register(process.descriptor, zmq.POLLIN)
        wire = SlotWire(messages.TASK, partial(self._send, identity.encode()))
        channel = Channel(wire, Outgoing(its_flags, self._limit), Incoming(our_flags))
        line = Line(identity.encode(), channel)
        self._roster.members.append(Member(number, process, line))

    def _patience(self) -> int | None:
        """Return how long to wait before looking for dead workers, in ms; None where poll tells."""
        patience_s = self._roster.patience_s()
        if patience_s is not None:
            # Rounded up: waking too early would be for nothing.
            return int(patience_s * 1000) + 1
        told = all(member.process.descriptor is not None for member in self._roster.members)
        return None if told else WATCH_MILLISECONDS

    def _read(self) -> Result | None:
        identity, what, *frames = self._socket.recv_multipart(copy=False)
        sender = identity.bytes
        members = self._roster.members
        member = next((each for each in members if each.line.identity == sender), None)
        kind = what.bytes
        if member is None:
            return None
        if kind == messages.HELLO:
            self._roster.ready(member)
            self._send(member.line.identity, [messages.PART, self._part])
            self._forget_address()
            self._hand_out()
            return None
        if kind == messages.BROKEN:
            text = frames[0].bytes.decode()
            raise WorkerError(
                f"a worker process cannot run its part of the pipeline:\n{text}",
                traceback_text=text,
            )
        channel = member.line.channel
        copied_out = channel.copied_out
        result = decode_result(channel.buffers(received(frames, member.process.pid)))
        result.copied_out = channel.copied_out - copied_out
        self._roster.done(member, result.number)
        self._hand_out()
        return result

    def _hand_out(self) -> None:
        for member, frames in self._roster.assign():
            member.line.channel.send(0, frames)

    def _send(self, identity: bytes, frames: Sequence[bytes | memoryview]) -> None:
        try:
            self._socket.send_multipart([identity, *frames], copy=False, copy_threshold=COPY_BELOW)
        except zmq.ZMQError as error:
            # The worker is gone; its end is noticed in receive(), with the tasks it had.
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def _forget_address(self) -> None:
        if self._endpoint is not None and all(each.ready for each in self._roster.members):
            # Unbinding would end the connections, too.
            self._endpoint.remove()
            self._endpoint = None

    def _bury_the_dead(self) -> None:
        for member in [*self._roster.members]:
            cause = member.process.ended()
            if cause is None:
                continue
            if member.process.descriptor is not None:
                self._poller.unregister(member.process.descriptor)
            member.process.kill()
            member.line.channel.close()
            lost = self._roster.bury(member, cause)
            if lost is not None:
                self._lost.append(lost)
            self._start(member.number)
