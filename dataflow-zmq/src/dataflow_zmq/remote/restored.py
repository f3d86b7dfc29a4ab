"""Bring a sender back to where its file was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow_zmq.remote.course import Course, Progress
from dataflow_zmq.remote.sending import Sending
from dataflow_zmq.remote.spans import Spans


def restore(machine: Sending, kept: Mapping[str, Any], now: float) -> None:
    """Make `machine`, which is new, know what `Sending.snapshot` has told.

    Raises:
        KeyError: if something is missing; TypeError or ValueError, if it is no such thing.
    """
    state, state_seq = kept["state"], int(kept["state_seq"])
    spans = Spans(kept["spans"])
    # What was produced and not consumed is gone with the process, and produced again.
    produced = max((end for _, end in spans.pairs()), default=0)
    machine.stream = bytes.fromhex(kept["stream"])
    machine.served = int(kept["served"])
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
    if machine.expected and machine.timeout_s is not None:
        machine.expected_until = now + machine.timeout_s
