"""A pool of worker processes, whatever carries the messages between them and this one."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from dataflow_core.errors import ParallelError, WorkerError
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes.roster import Member, Roster
from dataflow_core.parallel.processes.spawn import stop_all
from dataflow_core.parallel.task import Lost, Result, Task
from dataflow_core.parallel.transport import kinds
from dataflow_core.parallel.transport.channel import Buffer, Sends
from dataflow_core.parallel.transport.frames import decode_result, encode_task
from dataflow_core.parallel.transport.garbled import GarbledError
from dataflow_core.parallel.transport.packing import CODEC, Packing
from dataflow_core.parallel.transport.wire import ClosedError, Message
from dataflow_core.parallel.unreadable import Unreadable

#: How often to look for dead workers where the system cannot tell of them by itself.
WATCH_MILLISECONDS = 200

W = TypeVar("W", bound=Sends)


class WorkerPool(ABC, Generic[W]):
    """Worker processes, the tasks each has, and those that wait for one to be free.

    A worker that dies, or sends what nobody can read, is replaced, and its tasks are lost.
    Subclasses start a worker and wait for news; workers call `run_worker`.

    Args:
        part: what the workers run.
        num_workers: how many.
        packing: of tasks and results.

    Raises:
        NotPicklableError: if the part cannot be pickled.
        ParallelError: on a system that is not POSIX.
    """

    def __init__(self, part: WorkersPart, num_workers: int, packing: Packing = CODEC) -> None:
        if os.name != "posix":
            raise ParallelError(
                "worker processes get descriptors from their parent, which this system"
                f' ({sys.platform}) has no way for; use backend="thread"'
            )
        self._part = part.packed()
        self._maker = part.maker()
        self._packing = packing
        self._roster: Roster[W] = Roster(part.timeout_s)
        self._answers: deque[Result | Lost] = deque()
        self._closed = False
        #: Numbers of the workers to be started.
        self._missing = [*range(num_workers)]
        try:
            self._start_missing()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _start(self, number: int) -> Member[W]:
        """Start a worker process."""

    @abstractmethod
    def _wait(self, milliseconds: int | None) -> None:
        """Wait until something happens, and `_take` all that has arrived.

        The end of a process counts as something, where the system tells of it.
        """

    @abstractmethod
    def _part_with(self, member: Member[W]) -> None:
        """Let go of a worker that has ended, once what it had sent before is taken."""

    def _release(self) -> None:
        """Let go of what belongs to no worker; all of them are gone."""

    def _sent(self, member: Member[W]) -> None:
        """Take note that something was sent, or is to be."""

    def submit(self, task: Task) -> None:
        """Give the task to a worker that has room, or keep it until one has.

        Raises:
            NotPicklableError: if an input cannot travel.
        """
        self._roster.submit(task, encode_task(task, self._packing))
        self._hand_out()

    def receive(self) -> Result | Lost:
        """Wait for the next result, or for a worker's end.

        Raises:
            WorkerError: if a worker cannot run the part.
            WorkerDiedError: if workers keep dying before they are ready.
            OSError: if the system has no room for a worker that should replace a dead one.
        """
        while not self._answers:
            self._start_missing()
            self._wait(self._patience_ms())
            self._roster.kill_overdue()
            # Only now, when all that was sent has been read: what came before an end counts.
            if not self._answers:
                self._bury_the_dead()
        return self._answers.popleft()

    def cancel(self) -> None:
        """Forget the tasks that no worker has begun."""
        self._roster.cancel()
        self._answers.clear()
        if self._closed:
            return
        for member in self._roster.members:
            if member.ready:
                self._tell(member, kinds.CANCEL)
            member.channel.trim()

    def close(self) -> None:
        """Stop the workers and release all that belongs to them."""
        if self._closed:
            return
        self.cancel()
        self._closed = True
        members = self._roster.members
        for member in members:
            if member.ready:
                self._tell(member, kinds.STOP)
            else:
                member.process.let_go()
        stop_all([member.process for member in members])
        for member in members:
            member.channel.close()
        members.clear()
        self._release()

    def _patience_ms(self) -> int | None:
        """Return how long to wait before looking for dead workers; None where waiting tells."""
        patience_s = self._roster.patience_s()
        if patience_s is not None:
            # Rounded up: waking too early would be for nothing.
            return int(patience_s * 1000) + 1
        told = all(member.process.descriptor is not None for member in self._roster.members)
        return None if told else WATCH_MILLISECONDS

    def _take(self, member: Member[W], message: Message) -> None:
        """Take note of a message of a worker."""
        if member.doom is not None:
            message.drop()
            return
        try:
            self._understand(member, message)
        except GarbledError as error:
            self._lose(member, f"sent what nobody can read ({error})")
        self._hand_out()

    def _lose(self, member: Member[W], what_it_did: str) -> None:
        """Kill a worker that makes no sense any more."""
        self._roster.condemn(member, f"{what_it_did} and was killed")

    def _understand(self, member: Member[W], message: Message) -> None:
        kind = message.kind
        copied_out = member.channel.copied_out
        buffers = member.channel.buffers(message)
        if kind == kinds.RESULT:
            result = self._result(member, buffers)
            self._answer(member, result, member.channel.copied_out - copied_out)
        elif kind == kinds.HELLO:
            self._tell(member, kinds.PART, [self._part])
        elif kind == kinds.READY:
            self._roster.ready(member)
        elif kind == kinds.UNREADABLE:
            said = _text(buffers)
            self._answer(member, _unread(member, Unreadable(WorkerError(said), said=said)))
        elif kind == kinds.BROKEN:
            text = _text(buffers)
            raise WorkerError(
                f"a worker process cannot run its part of the pipeline:\n{text}",
                traceback_text=text,
            )
        else:
            raise GarbledError(f"a message of kind {kind}")

    def _result(self, member: Member[W], buffers: Sequence[Buffer]) -> Result | None:
        try:
            return decode_result(buffers, self._packing)
        except GarbledError:
            raise
        except Exception as error:  # noqa: BLE001  whatever a user's __setstate__ raises
            said = f"{type(error).__name__}: {error}"
            return _unread(member, Unreadable(error, stage=self._maker, said=said))

    def _answer(self, member: Member[W], result: Result | None, copied_out: int = 0) -> None:
        if result is not None:
            result.copied_out = copied_out
            if result.failure is not None:
                result.failure.worker = member.number
            self._roster.done(member, result.number, result.seconds)
            self._answers.append(result)

    def _hand_out(self) -> None:
        for member, frames in self._roster.assign():
            self._tell(member, kinds.TASK, frames)

    def _tell(self, member: Member[W], kind: int, buffers: Sequence[Buffer] = ()) -> None:
        try:
            member.channel.send(kind, buffers)
        except ClosedError:
            return  # Its end is noticed in receive(), with the tasks it had.
        self._sent(member)

    def _start_missing(self) -> None:
        while self._missing:
            self._roster.members.append(self._start(self._missing[0]))
            del self._missing[0]

    def _bury_the_dead(self) -> None:
        for member in [*self._roster.members]:
            cause = member.process.ended()
            if cause is None:
                continue
            self._part_with(member)
            member.process.kill()
            member.channel.close()
            self._missing.append(member.number)
            lost = self._roster.bury(member, cause)
            if lost is not None:
                self._answers.append(lost)
        self._start_missing()


def _unread(member: Member[Any], failure: Unreadable) -> Result | None:
    """Return the result of the task whose turn it was: a worker answers in order."""
    return Result(member.tasks[0], [], [], failure=failure) if member.tasks else None


def _text(buffers: Sequence[Buffer]) -> str:
    if len(buffers) != 1:
        raise GarbledError(f"{len(buffers)} buffers instead of a text")
    return bytes(buffers[0]).decode(errors="replace")
