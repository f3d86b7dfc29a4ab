"""Which course a receiver gets to take part in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow_zmq.remote.sending.course import Course, Progress
from dataflow_zmq.remote.sending.link import Link
from dataflow_zmq.remote.wire.messages import Entry, Mood, Verdict
from dataflow_zmq.remote.wire.spans import Spans

if TYPE_CHECKING:
    from dataflow_zmq.remote.sending.protocol import Sending

#: Who was heard of within this time is there.
PRESENT_S = 2.0


def admit(sending: Sending, link: Link, now: float) -> None:
    """Find a course for `link`: the one under way, a new one, or none."""
    if link.entry.resumes:
        _resume(sending, link, now)
        return
    course = sending.course
    if course is not None and not course.ended:
        _meet(sending, link, course, now)
    elif course is not None and course.failure is not None:
        failure = course.failure
        link.judge(Verdict.FAILED, failure.message, failure.error_type, failure.traceback)
    elif sending.all_served:
        link.judge(Verdict.LAST)
    elif course is not None and course.epoch == link.epoch and _is_late(sending, link, course, now):
        link.judge(Verdict.END)
    elif not sending.expected:
        _begin(sending, link)


def _meet(sending: Sending, link: Link, course: Course, now: float) -> None:
    """Find a place for `link` while `course` is under way."""
    if link.epoch == course.epoch:
        _enter(sending, link, course, now)
    elif _others(sending, link, course, now):
        if link.epoch < course.epoch:
            link.judge(Verdict.END)
    elif not sending.expected:
        _give_up(sending)
        _begin(sending, link)


def _enter(sending: Sending, link: Link, course: Course, now: float) -> None:
    """Let `link` share what is left of `course`; or have all of it, if it is who had the rest.

    Somebody who comes with the seed of somebody who is gone was started over, or from a state that
    was taken before the epoch: that one wants all of it. Any other takes up what is left.
    """
    attended = course.receivers.get(link.receiver)
    entry = link.entry
    again = entry.job in course.jobs if attended is None else attended != entry.iteration
    if not again or not any(course.counts.values()):
        sending.join(link, course)
        return
    others = [each for each in sending.links.values() if each is not link and each.reads]
    if any(each.last > link.since for each in others):
        sending.join(link, course)
    elif all(now - each.last > PRESENT_S for each in others) and not sending.expected:
        _give_up(sending)
        _begin(sending, link)


def _begin(sending: Sending, link: Link) -> None:
    number = 1 if sending.course is None else sending.course.number + 1
    first = sending.progress.produced
    sending.begin(Course(number, link.epoch, first, begins=first), link)


def _give_up(sending: Sending) -> None:
    """Count as settled what nobody wants any more."""
    sending.progress.settled.add(0, sending.progress.produced)


def _others(sending: Sending, link: Link, course: Course, now: float) -> bool:
    """Whether others that are alive take part in `course`."""
    return any(
        other is not link and other.course is course and not sending.silent(other, now)
        for other in sending.links.values()
    )


def _is_late(sending: Sending, link: Link, course: Course, now: float) -> bool:
    """Whether the course was over before `link` came, for others who are still there."""
    attended = course.receivers.get(link.receiver)
    if attended is not None:
        # It may have been silent meanwhile; or else it has come to iterate once more.
        return attended == link.entry.iteration
    return any(
        other.receiver in course.receivers
        and other.mood is not Mood.LEAVING
        and now - other.last < PRESENT_S
        for other in sending.links.values()
    )


def _resume(sending: Sending, link: Link, now: float) -> None:
    """Let `link` go on where its entry says, by going there with it where need be."""
    entry = link.entry
    _supersede(sending, link)
    course = sending.course
    if course is not None and _is_of(sending, entry, course):
        recorded = course.counts.get(entry.lineage, 0)
        at_hand = entry.held[1] - entry.held[0] if entry.held else 0
        if recorded <= entry.taken + at_hand and _settle(sending, entry):
            _go_on(sending, link, course)
            return
        if set(course.counts) - {entry.lineage}:
            link.judge(
                Verdict.LOST,
                "others take part in the epoch, and what was consumed after the state was taken"
                " cannot be told from what they have",
            )
            return
    elif course is not None and not course.ended and _others(sending, link, course, now):
        link.judge(Verdict.LOST, "the sender is in another epoch, and others take part in that")
        return
    elif entry.stream != sending.stream and course is not None:
        link.judge(
            Verdict.LOST,
            "the sender is another one, which has begun already; start it anew, and it goes on"
            " where the state was taken",
        )
        return
    _rewind(sending, link)


def note_left(sending: Sending, entry: Entry) -> None:
    """Count as settled what a receiver consumed that leaves as soon as it is heard of again."""
    course = sending.course
    if course is None or not entry.resumes or not _is_of(sending, entry, course):
        return
    if _settle(sending, entry):
        course.counts[entry.lineage] = max(course.counts.get(entry.lineage, 0), entry.taken)


def _is_of(sending: Sending, entry: Entry, course: Course) -> bool:
    return entry.stream == sending.stream and entry.course == course.number


def _supersede(sending: Sending, link: Link) -> None:
    """End what the receiver was before it was resumed."""
    for other in sending.links.values():
        if other is not link and other.entry.lineage == link.entry.lineage:
            sending.release(other)
            if other.verdict is Verdict.NONE:
                sending.tell(other, Verdict.LOST, "the receiver was resumed in another process")
            other.mood = Mood.LEAVING


def _settle(sending: Sending, entry: Entry) -> bool:
    """Count as settled what the entry says was consumed; False if that contradicts what is known.

    What was not consumed of a parcel has to be its end, as it is if one receiver consumed it.
    """
    settled = sending.progress.settled
    extra = Spans(entry.spans).without(settled)
    found: list[tuple[int, int]] = []
    for first, end in extra:
        at = first
        for parcel in sending.pool:
            if parcel.first + parcel.done == at and at < end:
                found.append((at, min(end, parcel.end)))
                at = min(end, parcel.end)
        if at < end:
            if not sending.expected:
                return False
            found.append((at, end))
    for parcel in sending.pool:
        for first, end in found:
            if parcel.first + parcel.done == first and first < parcel.end:
                parcel.done = min(end, parcel.end) - parcel.first
    for first, end in found:
        settled.add(first, end)
    sending.pool = [parcel for parcel in sending.pool if parcel.done < parcel.count]
    return True


def _go_on(sending: Sending, link: Link, course: Course) -> None:
    entry = link.entry
    if course.ended:
        sending.expected.discard(entry.lineage)
        if course.failure is not None:
            failure = course.failure
            link.judge(Verdict.FAILED, failure.message, failure.error_type, failure.traceback)
        else:
            link.judge(Verdict.LAST if sending.all_served else Verdict.END)
        return
    if entry.held:
        first, end = entry.held
        first = sending.progress.settled.end_of(first)
        link.next = 1
        if first < end:
            link.held = (first, end)
    sending.join(link, course, entry.taken)


def _rewind(sending: Sending, link: Link) -> None:
    """Begin where the receiver's state was taken: it alone knows of what came since."""
    entry = link.entry
    at = entry.spans[-1][1] if entry.spans else 0
    if not entry.alone or entry.held:
        link.judge(
            Verdict.LOST,
            "others had part of the epoch, so that one receiver's state does not tell what is left",
        )
    elif not entry.state and entry.taken:
        link.judge(Verdict.LOST, "the sender's flow cannot repeat itself")
    else:
        # It is going to have them once more.
        sending.served = [epoch for epoch in sending.served if epoch < link.epoch]
        sending.stream = entry.stream
        sending.progress = Progress(Spans([(0, at)]), at, entry.state, entry.state_seq)
        sending.begin(
            Course(
                entry.course,
                link.epoch,
                at,
                begins=at - entry.taken,
                state=entry.state,
                state_seq=entry.state_seq,
                counts={entry.lineage: entry.taken},
                # The state is known before the flow is there: a file may tell it from now on.
                began=bool(entry.state),
            ),
            link,
        )
