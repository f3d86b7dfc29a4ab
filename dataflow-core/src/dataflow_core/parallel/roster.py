"""Who of a pool's worker processes has which tasks; what backends with processes share."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from dataflow_core.errors import WorkerDiedError
from dataflow_core.parallel.task import Lost, Task

if TYPE_CHECKING:
    from dataflow_core.parallel.spawn import WorkerProcess

#: A worker has this many tasks at once: the one it runs, and the next, so that it never waits.
TASKS_EACH = 2

#: So many workers in a row may end before they are ready; then the next one would, too.
STARTS = 3

L = TypeVar("L")

Frames = Sequence[bytes | memoryview]


@dataclass(eq=False)
class Member(Generic[L]):
    """A worker process.

    Attributes:
        number: of the worker; one that replaces a dead worker takes its number.
        process: the process.
        line: how the backend reaches it.
        ready: whether it can be sent tasks.
        tasks: numbers of those that it has, oldest first.
        since: when it began with the first of them, by `time.monotonic`.
        doom: why it was killed here, if it was.
    """

    number: int
    process: WorkerProcess
    line: L
    ready: bool = False
    tasks: deque[int] = field(default_factory=deque)
    since: float = 0.0
    doom: str | None = None


@dataclass(frozen=True, eq=False)
class _Waiting:
    number: int
    frames: Frames


class Roster(Generic[L]):
    """The workers of a pool, the tasks each has, and those that wait for one to be free.

    Tasks start in the order they came. Those that a dead worker had are suspects: each runs with
    a worker of its own, so that a second death tells which of them it was.

    Args:
        timeout_s: seconds after which a worker that is still at one task is killed; None: never.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self.members: list[Member[L]] = []
        self._waiting: deque[_Waiting] = deque()
        self._suspects: set[int] = set()
        self._failed_starts = 0

    def submit(self, task: Task, frames: Frames) -> None:
        """Take a task, and what to send of it."""
        self._waiting.append(_Waiting(task.number, frames))
        if task.alone:
            self._suspects.add(task.number)

    def ready(self, member: Member[L]) -> None:
        """Take note that a worker can be sent tasks."""
        member.ready = True
        self._failed_starts = 0

    def assign(self) -> Iterator[tuple[Member[L], Frames]]:
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
            yield member, task.frames

    def done(self, member: Member[L], number: int) -> None:
        """Take note that a worker has answered a task."""
        if number in member.tasks:
            member.tasks.remove(number)
            member.since = time.monotonic()
        self._suspects.discard(number)

    def heard(self, member: Member[L]) -> None:
        """Take note that something comes from a worker: how long that takes is not its fault."""
        member.since = time.monotonic()

    def patience_s(self) -> float | None:
        """Return how long to wait for news before looking for overdue workers; None: forever."""
        if self._timeout_s is None:
            return None
        begun = [member.since for member in self.members if member.tasks]
        if not begun:
            return None
        return max(0.0, min(begun) + self._timeout_s - time.monotonic())

    def kill_overdue(self) -> None:
        """Kill workers that are still at one task; to be called when there is nothing to read."""
        if self._timeout_s is None:
            return
        for member in self.members:
            if member.tasks and time.monotonic() - member.since >= self._timeout_s:
                member.doom = f"was still at it after timeout_s={self._timeout_s:g} and was killed"
                member.process.strike()

    def bury(self, member: Member[L], cause: str) -> Lost | None:
        """Strike out a worker that has ended.

        Returns:
            The news for the engine, if there were tasks to lose.

        Raises:
            WorkerDiedError: if workers keep ending before they are ready.
        """
        self.members.remove(member)
        cause = member.doom or cause
        if member.ready:
            self._suspects.update(member.tasks)
            return Lost(member.number, tuple(member.tasks), cause)
        self._failed_starts += 1
        if self._failed_starts == STARTS:
            raise WorkerDiedError(
                f"a worker process {cause} while it was starting, and so did others before; its"
                " own message, if any, is on standard error"
            )
        return None

    def cancel(self) -> None:
        """Forget all tasks."""
        self._waiting.clear()
        self._suspects.clear()
        for member in self.members:
            member.tasks.clear()

    def _with_room_for(self, number: int) -> Member[L] | None:
        most = 1 if number in self._suspects else TASKS_EACH
        free = [
            member
            for member in self.members
            if member.ready and len(member.tasks) < most and self._suspects.isdisjoint(member.tasks)
        ]
        return min(free, key=lambda member: len(member.tasks), default=None)
