"""What a sender's file keeps of it, and how it comes back from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow_zmq.remote.sending.course import Course, Progress
from dataflow_zmq.remote.sending.protocol import Sending
from dataflow_zmq.remote.wire.messages import Mood, Verdict
from dataflow_zmq.remote.wire.spans import Spans


def snapshot(machine: Sending) -> dict[str, object]:
    """Return what a restarted sender needs to go on, as JSON."""
    progress, course = machine.progress, machine.course
    low = progress.low
    unsettled = [
        *machine.pool,
        *(s.parcel for each in machine.links.values() for s in each.sent.values()),
    ]
    first = min(unsettled, key=lambda parcel: parcel.first, default=None)
    state, state_seq = progress.state, progress.state_seq
    if first is not None and first.first <= low:
        state, state_seq = first.state, first.state_seq
    return {
        "stream": machine.stream.hex(),
        "served": machine.served,
        "spans": progress.settled.pairs(),
        "produced": progress.produced,
        "state": state,
        "state_seq": state_seq,
        "course": None
        if course is None
        else {
            "number": course.number,
            "epoch": course.epoch,
            "begins": course.begins,
            "counts": {lineage.hex(): count for lineage, count in course.counts.items()},
            "receivers": {each.hex(): number for each, number in course.receivers.items()},
            "jobs": sorted(course.jobs),
            "ended": course.ended,
            "began": course.began,
        },
        "lineages": sorted(each.hex() for each in machine.expected | _present(machine)),
    }


def restore(machine: Sending, kept: Mapping[str, Any], now: float) -> None:
    """Make `machine`, which is new, know what `snapshot` has told.

    Raises:
        KeyError: if something is missing; TypeError or ValueError, if it is no such thing.
    """
    state, state_seq = kept["state"], int(kept["state_seq"])
    spans = Spans(kept["spans"])
    # What was produced and not consumed is gone with the process, and produced again.
    produced = max((end for _, end in spans.pairs()), default=0)
    machine.stream = bytes.fromhex(kept["stream"])
    machine.served = [int(epoch) for epoch in kept["served"]]
    machine.progress = Progress(spans, produced, state, state_seq)
    course = kept["course"]
    if course is not None:
        machine.course = Course(
            int(course["number"]),
            int(course["epoch"]),
            machine.progress.low,
            int(course["begins"]),
            state if course["began"] else "",
            state_seq,
            counts={bytes.fromhex(key): int(n) for key, n in course["counts"].items()},
            receivers={bytes.fromhex(key): int(n) for key, n in course["receivers"].items()},
            jobs={int(job) for job in course["jobs"]},
            exhausted=bool(course["ended"]),
            ended=bool(course["ended"]),
            began=bool(course["began"]),
        )
    machine.expected = {bytes.fromhex(key) for key in kept["lineages"]}
    machine.awaits_anyone = machine.all_served and machine.timeout_s is not None
    if machine.expected and machine.timeout_s is not None:
        machine.expected_until = now + machine.timeout_s


def _present(machine: Sending) -> set[bytes]:
    return {
        link.entry.lineage
        for link in machine.links.values()
        if link.mood is not Mood.LEAVING
        and link.verdict is not Verdict.LEFT
        and not (machine.all_served and link.settled)
    }
