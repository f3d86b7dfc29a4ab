"""Who has which tasks, and who is to blame for a worker's end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dataflow_core import WorkerDiedError
from dataflow_core.parallel import Draws, Member, Roster, Task
from dataflow_core.parallel.engine.window import LEAST_EACH, TURN_SECONDS
from dataflow_core.parallel.processes.roster import KILLED_STARTS, NO_TASK, START_SECONDS, STARTS

#: Seconds of a task after which a worker needs no more than another one to go on with.
LONG = 2 * TURN_SECONDS


class Process:
    """What a roster asks of a process."""

    def __init__(self) -> None:
        self.end: str | None = None
        self.killed = False
        self.struck = 0

    def ended(self) -> str | None:
        return self.end

    def strike(self) -> None:
        self.struck += 1


def member_of(roster: Roster[Any], number: int = 0, *, ready: bool = True) -> Member[Any]:
    process: Any = Process()
    channel: Any = SimpleNamespace(noted=0)
    member: Member[Any] = Member(number, process, channel)
    roster.members.append(member)
    if ready:
        roster.ready(member)
    return member


def submit(roster: Roster[Any], *numbers: int, alone: bool = False) -> None:
    for number in numbers:
        roster.submit(Task(number, Draws(1, 0), alone=alone), [b"%d" % number])


def assigned(roster: Roster[Any]) -> list[tuple[int, bytes]]:
    return [(member.number, bytes(frames[0])) for member, frames in roster.assign()]


def test_tasks_go_to_the_least_busy_in_their_order() -> None:
    roster: Roster[Any] = Roster()
    first, _ = member_of(roster), member_of(roster, 1)
    member_of(roster, 2, ready=False)
    submit(roster, *range(6))
    assert assigned(roster) == [(0, b"0"), (1, b"1"), (0, b"2"), (1, b"3")]
    roster.done(first, 0, LONG)
    assert assigned(roster) == [(0, b"4")]
    assert LEAST_EACH == 2


def test_a_worker_has_more_tasks_if_they_are_short() -> None:
    roster: Roster[Any] = Roster()
    member = member_of(roster)
    submit(roster, *range(10))
    assert len(assigned(roster)) == LEAST_EACH
    roster.done(member, 0, TURN_SECONDS / 100)
    assigned(roster)
    assert len(member.tasks) == LEAST_EACH + 2
    for number in range(1, 4):
        roster.done(member, number, LONG)
    assert len(assigned(roster)) == LEAST_EACH - 1


def test_what_a_dead_worker_had_runs_alone() -> None:
    roster: Roster[Any] = Roster()
    dead, other = member_of(roster), member_of(roster, 1)
    submit(roster, 0, 1, 2)
    assigned(roster)
    dead.channel.noted = 1  # type: ignore[misc]
    lost = roster.bury(dead, "was killed")
    assert lost is not None
    assert (lost.worker, lost.tasks, lost.cause) == (0, (0, 2), "was killed")
    submit(roster, 0, 2, 5)
    # Not beside the one that the other has.
    assert assigned(roster) == []
    roster.done(other, 1, LONG)
    assert assigned(roster) == [(1, b"0")]
    roster.done(other, 0, LONG)
    assert assigned(roster) == [(1, b"2")]


@pytest.mark.parametrize(
    ("noted", "answered", "lost_tasks"),
    [
        (3, 0, (2, 3)),  # at the first
        (4, 0, (3, 2)),  # at the second: the first one's answer got lost
        (4, 1, (3,)),
        (0, 0, (NO_TASK, 2, 3)),  # between tasks, or killed before it had seen any
        (2, 0, (NO_TASK, 2, 3)),  # at one that was cancelled
        (3, 1, (NO_TASK, 3)),  # at the end of one that was answered
    ],
)
def test_the_task_that_a_worker_was_at_is_to_blame_and_no_other(
    noted: int, answered: int, lost_tasks: tuple[int, ...]
) -> None:
    roster: Roster[Any] = Roster()
    member = member_of(roster)
    submit(roster, 0, 1)
    assigned(roster)
    roster.cancel()
    submit(roster, 2, 3)
    assert assigned(roster) == [(0, b"2"), (0, b"3")]
    if answered:
        roster.done(member, 0, LONG)  # cancelled, and answered all the same
        roster.done(member, 2, LONG)
    member.channel.noted = noted  # type: ignore[misc]
    lost = roster.bury(member, "was killed")
    assert lost is not None
    assert lost.tasks == lost_tasks


def test_workers_that_always_end_between_tasks_are_not_started_for_ever() -> None:
    roster: Roster[Any] = Roster()
    submit(roster, 7)
    for _ in range(KILLED_STARTS - 1):
        member = member_of(roster)
        assigned(roster)
        lost = roster.bury(member, "exited with status 1")
        assert lost is not None
        assert lost.tasks == (NO_TASK, 7)
        submit(roster, 7)
    member = member_of(roster)
    assigned(roster)
    with pytest.raises(WorkerDiedError, match=r"between their tasks.*status 1"):
        roster.bury(member, "exited with status 1")


def test_why_a_worker_was_killed_is_told_unless_it_had_ended_before() -> None:
    roster: Roster[Any] = Roster()
    one, other = member_of(roster), member_of(roster, 1)
    roster.condemn(one, "made no sense")
    roster.condemn(one, "made even less")
    other.process.end = "exited with status 3"  # type: ignore[attr-defined]
    roster.condemn(other, "made no sense")
    assert one.process.struck == 1  # type: ignore[attr-defined]
    assert other.process.struck == 0  # type: ignore[attr-defined]
    for member, cause in ((one, "made no sense"), (other, "exited with status 3")):
        lost = roster.bury(member, member.process.ended() or "was killed by SIGKILL")
        assert lost is not None
        assert lost.cause == cause


def test_one_that_is_overdue_is_killed() -> None:
    roster: Roster[Any] = Roster(timeout_s=0.0)
    idle, busy = member_of(roster), member_of(roster, 1)
    assert roster.patience_s() is None
    busy.tasks.append(3)
    assert roster.patience_s() == 0.0
    roster.kill_overdue()
    assert (idle.doom, busy.doom) == (None, "was still at it after timeout_s=0 and was killed")


def test_one_that_does_not_get_ready_is_killed_if_tasks_have_a_limit() -> None:
    roster: Roster[Any] = Roster(timeout_s=2.0)
    patient: Roster[Any] = Roster()
    member, other = member_of(roster, ready=False), member_of(patient, ready=False)
    assert START_SECONDS - 1 < (roster.patience_s() or 0.0) <= START_SECONDS
    assert patient.patience_s() is None
    for each in (member, other):
        each.since -= START_SECONDS
    assert roster.patience_s() == 0.0
    roster.kill_overdue()
    patient.kill_overdue()
    assert (member.doom, other.doom) == ("was not ready 30 s after its start", None)
    assert roster.patience_s() is None  # its end is all there is to wait for
    for _ in range(STARTS - 1):
        assert roster.bury(member_of(roster, ready=False), "exited with status 1") is None
    with pytest.raises(WorkerDiedError, match="was not ready 30 s after"):
        roster.bury(member, "was killed by SIGKILL")


def test_workers_that_are_killed_while_they_start_are_given_more_chances() -> None:
    roster: Roster[Any] = Roster()

    def killed() -> Member[Any]:
        member = member_of(roster, ready=False)
        member.process.killed = True  # type: ignore[misc]
        return member

    working = member_of(roster)
    for number in range(3 * KILLED_STARTS):
        assert roster.bury(killed(), "was killed by SIGKILL") is None
        if number % 2:
            # As long as others do their work, nothing is wrong with the part.
            submit(roster, number)
            assigned(roster)
            roster.done(working, number, LONG)
    for _ in range(KILLED_STARTS - 1):
        assert roster.bury(killed(), "was killed by SIGKILL") is None
    with pytest.raises(WorkerDiedError, match="SIGKILL while it was starting"):
        roster.bury(killed(), "was killed by SIGKILL")


def test_starts_that_fail_in_a_row_are_too_many() -> None:
    roster: Roster[Any] = Roster()
    for _ in range(STARTS - 1):
        assert roster.bury(member_of(roster, ready=False), "exited with status 1") is None
    roster.bury(member_of(roster), "was killed")
    for _ in range(STARTS - 1):
        assert roster.bury(member_of(roster, ready=False), "exited with status 1") is None
    with pytest.raises(WorkerDiedError, match="status 1 while it was starting"):
        roster.bury(member_of(roster, ready=False), "exited with status 1")
