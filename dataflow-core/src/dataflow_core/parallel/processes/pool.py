"""The parent's side of the process backend."""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from dataflow_core.errors import WorkerError
from dataflow_core.parallel.packing import PICKLE
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes import kinds
from dataflow_core.parallel.processes.channel import Channel
from dataflow_core.parallel.processes.slots import Incoming, Outgoing, create_flags
from dataflow_core.parallel.processes.wire import ClosedError, Message, Wire
from dataflow_core.parallel.remote import decode_result, encode_task
from dataflow_core.parallel.roster import Member, Roster
from dataflow_core.parallel.spawn import StartMethod, WorkerProcess, stop_all
from dataflow_core.parallel.task import Lost, Result, Task

Line: TypeAlias = Channel[Wire]

#: How often to look for dead workers where the system cannot tell of them by itself.
WATCH_MILLISECONDS = 200


class ProcessPool:
    """Worker processes, each at the other end of a channel.

    Args:
        part: what the workers run.
        num_workers: how many.
        limit_bytes: how much shared memory either side of each channel may fill; None is without
            bound.
        start_method: of the processes.
    """

    def __init__(
        self,
        part: WorkersPart,
        num_workers: int,
        limit_bytes: int | None = None,
        start_method: StartMethod = "fresh",
    ) -> None:
        self._part = part.packed()
        self._limit = limit_bytes
        self._start_method: StartMethod = start_method
        self._roster: Roster[Line] = Roster(part.timeout_s)
        self._poll = select.poll()
        self._by_descriptor: dict[int, Member[Line]] = {}
        self._answers: deque[Result | Lost] = deque()
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
        self._roster.submit(task, encode_task(task, PICKLE))
        self._hand_out()

    def receive(self) -> Result | Lost:
        """Wait for the next result, or for a worker's end.

        Raises:
            WorkerError: if a worker cannot run the part.
            WorkerDiedError: if workers keep dying before they are ready.
        """
        while not self._answers:
            self._wait()
        return self._answers.popleft()

    def cancel(self) -> None:
        """Forget the tasks that no worker has begun."""
        self._roster.cancel()
        self._answers.clear()
        if self._closed:
            return
        for member in self._roster.members:
            self._send(member, kinds.CANCEL)

    def close(self) -> None:
        """Stop the workers and release sockets and descriptors."""
        if self._closed:
            return
        self.cancel()
        self._closed = True
        for member in self._roster.members:
            if member.ready:
                self._send(member, kinds.STOP)
            else:
                member.process.let_go()
        stop_all([member.process for member in self._roster.members])
        for member in self._roster.members:
            member.line.close()
        self._roster.members.clear()
        self._by_descriptor.clear()

    def _start(self, number: int) -> None:
        ours, theirs = socket.socketpair()
        to_worker, its_flags = create_flags()
        from_worker, our_flags = create_flags()
        try:
            process = WorkerProcess(
                "dataflow_core.parallel.processes.worker:main",
                {
                    "socket": theirs.fileno(),
                    "incoming": to_worker,
                    "outgoing": from_worker,
                    "limit_bytes": self._limit,
                    "worker": number,
                },
                descriptors=(theirs.fileno(), to_worker, from_worker),
                start_method=self._start_method,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(to_worker)
            os.close(from_worker)
        channel: Line = Channel(
            Wire(ours, blocking=False), Outgoing(its_flags, self._limit), Incoming(our_flags)
        )
        member = Member(number, process, channel)
        self._roster.members.append(member)
        self._watch(member)
        self._send(member, kinds.PART, [self._part])

    def _watch(self, member: Member[Line]) -> None:
        descriptors = [member.line.wire.fileno()]
        if member.process.descriptor is not None:
            descriptors.append(member.process.descriptor)
        for descriptor in descriptors:
            self._poll.register(descriptor, select.POLLIN)
            self._by_descriptor[descriptor] = member

    def _wait(self) -> None:
        """Wait until something happens, and take note of all that has."""
        events = self._poll.poll(self._patience_ms())
        if not events:
            self._roster.kill_overdue()
        for descriptor, event in events:
            member = self._by_descriptor.get(descriptor)
            if member is None or descriptor != member.line.wire.fileno():
                continue
            if event & select.POLLOUT:
                self._flush(member)
            if event & ~select.POLLOUT:
                self._read(member)
        # Only now, when all that was sent has been read: what came before a worker's end counts.
        if not self._answers:
            self._bury_the_dead()

    def _patience_ms(self) -> int | None:
        patience_s = self._roster.patience_s()
        if patience_s is not None:
            # Rounded up: waking too early would be for nothing.
            return int(patience_s * 1000) + 1
        told = all(each.process.descriptor is not None for each in self._roster.members)
        return None if told else WATCH_MILLISECONDS

    def _read(self, member: Member[Line]) -> None:
        self._roster.heard(member)
        try:
            for message in member.line.wire.messages():
                self._take(member, message)
        except ClosedError:
            # Its end is noticed by way of the process; this socket has nothing more to tell.
            self._forget(member.line.wire.fileno())
        self._hand_out()

    def _take(self, member: Member[Line], message: Message) -> None:
        copied_out = member.line.copied_out
        buffers = member.line.buffers(message)
        if message.kind == kinds.READY:
            self._roster.ready(member)
        elif message.kind == kinds.BROKEN:
            text = bytes(buffers[0]).decode()
            raise WorkerError(
                f"a worker process cannot run its part of the pipeline:\n{text}",
                traceback_text=text,
            )
        else:
            result = decode_result(buffers, PICKLE)
            result.copied_out = member.line.copied_out - copied_out
            self._roster.done(member, result.number)
            self._answers.append(result)

    def _hand_out(self) -> None:
        for member, frames in self._roster.assign():
            self._send(member, kinds.TASK, frames)

    def _send(
        self, member: Member[Line], kind: int, buffers: Sequence[bytes | memoryview] = ()
    ) -> None:
        try:
            member.line.send(kind, buffers)
        except ClosedError:
            return  # Its end is noticed in receive(), with the tasks it had.
        self._listen(member)

    def _flush(self, member: Member[Line]) -> None:
        try:
            member.line.wire.flush()
        except ClosedError:
            return
        self._listen(member)

    def _listen(self, member: Member[Line]) -> None:
        """Ask to be told when there is room for what is left to be sent, if anything is."""
        descriptor = member.line.wire.fileno()
        if descriptor in self._by_descriptor:
            wanted = select.POLLIN | (select.POLLOUT if member.line.wire.unsent else 0)
            self._poll.modify(descriptor, wanted)

    def _forget(self, descriptor: int) -> None:
        if self._by_descriptor.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def _bury_the_dead(self) -> None:
        for member in [*self._roster.members]:
            cause = member.process.ended()
            if cause is None:
                continue
            self._read(member)
            for descriptor in [d for d, m in self._by_descriptor.items() if m is member]:
                self._forget(descriptor)
            member.process.kill()
            member.line.close()
            lost = self._roster.bury(member, cause)
            if lost is not None:
                self._answers.append(lost)
            self._start(member.number)
