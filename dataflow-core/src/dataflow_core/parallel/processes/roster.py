"""Who of a pool's worker processes has which tasks; what backends with processes share."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from dataflow_core.errors import WorkerDiedError
from dataflow_core.parallel.engine.window import Ahead
from dataflow_core.parallel.task import Lost, Task

if TYPE_CHECKING:
    from dataflow_core.parallel.processes.spawn import WorkerProcess
    from dataflow_core.parallel.transport.channel import Channel, Sends

#: So many workers in a row may end before they are ready; then the next one would, too.
STARTS = 3

#: The same for those that somebody else killed, such as a system that is short of memory. That may
#: pass, or hit one that starts only because workers die often.
KILLED_STARTS = 20

#: Where tasks have a time limit, starts have one, too: that, or this if it is longer. What workers
#: import first may well be slow.
START_SECONDS = 30.0

#: Comes first among lost tasks where none of them is to blame.
NO_TASK = -1

W = TypeVar("W", bound="Sends")

Frames = Sequence[bytes | memoryview]


@dataclass(eq=False)
class Member(Generic[W]):
    """A worker process.

    Attributes:
        number: of the worker; one that replaces a dead worker takes its number.
        process: the process.
        channel: to it.
        ready: whether it can be sent tasks.
        tasks: numbers of those that it has, oldest first.
        sent: how many tasks it was sent so far.
        since: when it began with the first of them, or with its start, by `time.monotonic`.
        doom: why it was killed here, if it was.
    """

    number: int
    process: WorkerProcess
    channel: Channel[W]
    ready: bool = False
    tasks: deque[int] = field(default_factory=deque)
    sent: int = 0
    since: float = field(default_factory=time.monotonic)
    doom: str | None = None


@dataclass(frozen=True, eq=False)
class _Waiting:
    number: int
    frames: Frames


class Roster(Generic[W]):
    """The workers of a pool, the tasks each has, and those that wait for one to be free.

    Tasks start in the order they came. Those that a dead worker had are suspects: each runs with
    a worker of its own, so that a second death tells which of them it was.

    Args:
        timeout_s: seconds after which a worker that is still at one task is killed; None: never.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self.members: list[Member[W]] = []
        self._waiting: deque[_Waiting] = deque()
        self._suspects: set[int] = set()
        self._ahead = Ahead()
        #: Starts in a row that failed: (by themselves, because they were killed).
        self._failed_starts = [0, 0]
        #: Ends in a row of workers that had tasks and were at none of them.
        self._in_vain = 0

    def submit(self, task: Task, frames: Frames) -> None:
        """Take a task, and what to send of it."""
        self._waiting.append(_Waiting(task.number, frames))
        if task.alone:
            self._suspects.add(task.number)

    def ready(self, member: Member[W]) -> None:
        """Take note that a worker can be sent tasks."""
        member.ready = True
        self._failed_starts = [0, 0]

    def assign(self) -> Iterator[tuple[Member[W], Frames]]:
        """Yield whom to send which task, the least busy worker first, until no one has room."""
        while self._waiting:
            task = self._waiting[0]
            member = self._with_room_for(task.number)
            if member is None:
                return
            self._waiting.popleft()
            if not member.tasks:
                member.since = time.monotonic()
            member.tasks.append(task.number)
            member.sent += 1
            yield member, task.frames

    def done(self, member: Member[W], number: int, seconds: float) -> None:
        """Take note that a worker has answered a task, and what it took; it answers in order."""
        self._ahead.learn(seconds)
        if number in member.tasks:
            member.tasks.remove(number)
            member.since = time.monotonic()
            self._failed_starts = [0, 0]
            self._in_vain = 0
        self._suspects.discard(number)

    def condemn(self, member: Member[W], cause: str) -> None:
        """Kill a worker that is of no use any more; its end is noticed as any other."""
        if member.doom is None and member.process.ended() is None:
            member.doom = cause
            member.process.strike()

    def heard(self, member: Member[W]) -> None:
        """Take note that something comes from a worker: how long that takes is not its fault."""
        member.since = time.monotonic()

    def patience_s(self) -> float | None:
        """Return how long to wait for news before looking for overdue workers; None: forever."""
        if self._timeout_s is None:
            return None
        ends = [self._due(member) for member in self.members]
        first = min((end for end in ends if end is not None), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def kill_overdue(self) -> None:
        """Kill workers that are still at one task; to be called when all that came is read."""
        if self._timeout_s is None:
            return
        for member in self.members:
            end = self._due(member)
            if end is None or time.monotonic() < end:
                continue
            if member.ready:
                cause = f"was still at it after timeout_s={self._timeout_s:g} and was killed"
            else:
                cause = f"was not ready {max(self._timeout_s, START_SECONDS):g} s after its start"
            self.condemn(member, cause)

    def _due(self, member: Member[W]) -> float | None:
        """Return when a worker has been at it for too long; None if it is at nothing."""
        if self._timeout_s is None or member.doom is not None:
            return None
        if not member.ready:
            return member.since + max(self._timeout_s, START_SECONDS)
        return member.since + self._timeout_s if member.tasks else None

    def bury(self, member: Member[W], cause: str) -> Lost | None:
        """Strike out a worker that has ended.

        Returns:
            The news for the engine, if there were tasks to lose.

        Raises:
            WorkerDiedError: if workers keep ending before they are ready.
        """
        self.members.remove(member)
        cause = member.doom or cause
        if member.ready:
            return self._lost(member, cause)
        killed = member.doom is None and member.process.killed
        self._failed_starts[killed] += 1
        if self._failed_starts[killed] == (KILLED_STARTS if killed else STARTS):
            raise WorkerDiedError(
                f"a worker process {cause} while it was starting, and so did others before; its"
                " own message, if any, is on standard error"
            )
        return None

    def _lost(self, member: Member[W], cause: str) -> Lost:
        tasks = [*member.tasks]
        # Workers answer in order, so those that they still have are the last that were sent.
        at_hand = member.channel.noted - (member.sent - len(tasks)) - 1
        if 0 <= at_hand < len(tasks):
            tasks.insert(0, tasks.pop(at_hand))
        elif tasks:
            tasks.insert(0, NO_TASK)
            self._in_vain += 1
            if self._in_vain == KILLED_STARTS:
                raise WorkerDiedError(
                    f"{KILLED_STARTS} worker processes in a row ended between their tasks; the"
                    f" last one {cause}"
                )
        self._suspects.update(member.tasks)
        return Lost(member.number, tuple(tasks), cause)

    def cancel(self) -> None:
        """Forget all tasks."""
        self._waiting.clear()
        self._suspects.clear()
        for member in self.members:
            member.tasks.clear()

    def _with_room_for(self, number: int) -> Member[W] | None:
        most = 1 if number in self._suspects else self._ahead.each
        free = [
            member
            for member in self.members
            if member.ready and len(member.tasks) < most and self._suspects.isdisjoint(member.tasks)
        ]
        return min(free, key=lambda member: len(member.tasks), default=None)
