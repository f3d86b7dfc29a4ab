"""A sender's end: the thread that serves receivers, and what whoever produces sees of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic

from dataflow_zmq.remote.sending.course import Course, Failure
from dataflow_zmq.remote.sending.protocol import Sending
from dataflow_zmq.remote.sending.snapshot import snapshot
from dataflow_zmq.remote.sending.state_file import StateFile
from dataflow_zmq.remote.sending.supply import Supply
from dataflow_zmq.remote.wire.headers import unpack
from dataflow_zmq.remote.wire.loop import Incoming, Loop, Sockets
from dataflow_zmq.remote.wire.messages import BEAT_S
from dataflow_zmq.remote.wire.open_parcel import OpenParcel
from dataflow_zmq.remote.wire.outbox import Outgoing
from dataflow_zmq.remote.wire.parcel import Parcel

log = logging.getLogger("dataflow_zmq")

#: Whoever waits longer for a receiver says so.
PATIENCE_S = 10.0

#: How old the state file may get while datapoints are consumed.
SAVE_S = 0.05

#: How often a waiting sender shows how far it is.
SHOW_S = 0.5


class Desk:
    """Between the flow and its receivers.

    Args:
        sockets: which become its own.
        machine: what is known so far.
        state_file: where to keep what is known, if anywhere.
        show: called now and then with the number of datapoints consumed.
    """

    def __init__(
        self,
        sockets: Sockets,
        machine: Sending,
        state_file: StateFile | None,
        show: Callable[[int], None],
    ) -> None:
        self._machine = machine
        self._supply = Supply(machine)
        self._state_file = state_file
        self._show = show
        self._doing = sockets.doing
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._saved = (-1, -1)
        self._saved_at = -1e9
        self._idle_since: float | None = monotonic()
        self._odd = 0
        self._base_state = ""
        self.parcel = OpenParcel(self._take, self._wake)
        self._course: Course | None = None
        self._loop: Loop | None = None
        self._loop = Loop("dataflow-zmq-sender", sockets, self._turn, self._fail)

    # What the producer calls.

    def next_course(self, served: Course | None) -> Course | None:
        """Wait for a course other than `served`; None: all is done."""
        with self._changed:
            while True:
                self._check()
                course = self._machine.course
                if course is not served and course is not None and not course.exhausted:
                    self._course = course
                    return course
                if self._machine.finished(monotonic()):
                    self._show(self._machine.consumed)
                    return None
                self._wait()

    def begun(self, course: Course, state: str, number: int) -> None:
        """Take note of the flow's state where `course` begins, at datapoint `number`."""
        with self._changed:
            self._supply.begun(course, state, number)

    def plan(self, number: int) -> tuple[int, int | None]:
        """Return what `Supply.plan` says."""
        with self._changed:
            return self._supply.plan(number)

    def wait_for_room(self, course: Course) -> bool:
        """Wait until a parcel may be built; return False if `course` was given up."""
        with self._changed:
            while True:
                self._check()
                if self._machine.course is not course:
                    return False
                if self._supply.room():
                    self.parcel.hungry = self._supply.hungry()
                    return True
                self._wait()

    def exhaust(self, course: Course, produced: int, failure: Failure | None = None) -> None:
        """Take note that nothing comes after number `produced`."""
        with self._changed:
            self._supply.exhaust(course, produced, monotonic(), failure)
        self._wake()

    def refuse(self, course: Course, text: str) -> None:
        """Take note that the flow cannot be begun where `course` wants."""
        with self._changed:
            self._supply.refuse(course, text)
        self._wake()

    def abort(self, text: str) -> None:
        """Tell everyone that nothing will come any more."""
        with self._changed:
            self._machine.abort(text)

    def close(self) -> None:
        """Send what is to be sent, and let go of everything."""
        if self._loop is not None:
            self._loop.close()
        if self._state_file is not None:
            try:
                if self._failure is None:
                    self._save()
            finally:
                self._state_file.close()

    def _take(self, parcel: Parcel) -> None:
        with self._changed:
            if self._course is not None:
                self._supply.offer(self._course, parcel, monotonic())
            self.parcel.hungry = self._supply.hungry()
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.wake()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _wait(self) -> None:
        self._show(self._machine.consumed)
        self._changed.wait(SHOW_S)

    # What the loop's thread calls.

    def _turn(self, incoming: Sequence[Incoming], now: float) -> tuple[Sequence[Outgoing], float]:
        with self._changed:
            machine = self._machine
            for route, (header, *frames) in incoming:
                message = None if frames else unpack(bytes(header.buffer))
                if message is None or not machine.receive(route, message, now):
                    self._note_odd()
            machine.tick(now)
            due = now + BEAT_S / 2
            hungry = self.parcel.hungry = self._supply.hungry()
            if hungry and self._course is not None:
                parcel, at = self.parcel.cut(now)
                if parcel is not None:
                    self._supply.offer(self._course, parcel, now)
                    self.parcel.hungry = self._supply.hungry()
                elif at is not None:
                    due = min(due, at)
            self._keep(now)
            self._complain(now)
            self._changed.notify_all()
            return machine.outgoing(), due

    def _keep(self, now: float) -> None:
        """Save what must be known after a crash, before anybody hears of it."""
        if self._state_file is None:
            return
        urgent, changes = self._machine.urgent, self._machine.changes
        stale = changes != self._saved[1] and now - self._saved_at >= SAVE_S
        if urgent != self._saved[0] or stale:
            self._save()
            self._saved, self._saved_at = (urgent, changes), now

    def _save(self) -> None:
        if self._state_file is not None:
            self._state_file.save(snapshot(self._machine))

    def _note_odd(self) -> None:
        self._odd += 1
        if self._odd == 1:
            log.warning(
                "a sender got a message that is not of this protocol, or not for it; such messages"
                " change nothing, and are not spoken of again"
            )

    def _complain(self, now: float) -> None:
        if self._machine.links:
            self._idle_since = None
        elif self._idle_since is not None and now - self._idle_since > PATIENCE_S:
            self._idle_since = None
            log.warning(
                "still waiting, after %d s, for a receiver; this side is %s",
                PATIENCE_S,
                self._doing,
            )

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()
