"""What whoever produces a sender's datapoints asks, and tells."""

from __future__ import annotations

from dataflow_zmq.remote.sending.course import Course, Failure, Progress
from dataflow_zmq.remote.sending.link import Sent
from dataflow_zmq.remote.sending.protocol import Sending
from dataflow_zmq.remote.wire.messages import Verdict
from dataflow_zmq.remote.wire.parcel import Parcel


class Supply:
    """A sender, to the thread that produces; see `Sending`.

    Args:
        sending: which is supplied.
    """

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def room(self) -> bool:
        """Whether another parcel may be built."""
        if self._sending.expected:
            return False
        links = self._sending.links.values()
        ready = len(self._sending.pool) + sum(len(link.sent) for link in links)
        return ready < max(1, sum(link.credit for link in links if link.reads))

    def hungry(self) -> bool:
        """Whether a receiver would take a parcel at once."""
        return not self._sending.pool and any(
            link.room > 0 for link in self._sending.links.values()
        )

    def begun(self, course: Course, state: str, number: int) -> None:
        """Take note of the flow's state where `course` begins, at datapoint `number`."""
        if course is self._sending.course and not course.began:
            self._sending.progress.state, self._sending.progress.state_seq = state, number
            course.began = True
            self._sending.urgent += 1

    def plan(self, number: int) -> tuple[int, int | None]:
        """Return what to do with the datapoints from `number` on.

        Returns:
            Where those end that are settled, and where the parcel that follows has to end, if it
            does.
        """
        begin = self._sending.progress.settled.end_of(number)
        ends = [self._sending.progress.settled.next_after(begin)]
        for link in self._sending.links.values():
            if link.held is not None:
                ends += [at for at in link.held if at > begin]
        return begin, min((end for end in ends if end is not None), default=None)

    def offer(self, course: Course, parcel: Parcel, now: float) -> None:
        """Take a parcel that was built for `course`, unless that was given up."""
        if course is not self._sending.course:
            return
        progress = self._sending.progress
        progress.produced = max(progress.produced, parcel.end)
        progress.state, progress.state_seq = parcel.state, parcel.state_seq
        parcel.done = min(progress.settled.end_of(parcel.first), parcel.end) - parcel.first
        self._sending.changes += 1
        for link in self._sending.links.values():
            if link.held is not None and link.held[1] == parcel.end:
                link.sent[0] = Sent(parcel, link.pongs, arrived=True)
                link.held = None
                return
        if parcel.done < parcel.count:
            self._sending.pool = sorted([*self._sending.pool, parcel], key=lambda each: each.first)
        self._sending.turn(now)

    def exhaust(
        self, course: Course, produced: int, now: float, failure: Failure | None = None
    ) -> None:
        """Take note that `course` has no datapoint from number `produced` on."""
        if course is not self._sending.course:
            return
        self._sending.progress.produced = max(self._sending.progress.produced, produced)
        course.exhausted = True
        course.failure = failure
        self._sending.changes += 1
        self._sending.turn(now)

    def refuse(self, course: Course, text: str) -> None:
        """Take note that `course` cannot be begun where it was asked to."""
        if course is not self._sending.course:
            return
        self._sending.course = None
        self._sending.progress = Progress()
        for link in self._sending.links.values():
            if link.course is course:
                self._sending.tell(link, Verdict.REFUSED, text)
