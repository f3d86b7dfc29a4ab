"""A sender that is killed anywhere in a rewind goes on where its receiver's state says."""

from __future__ import annotations

import json

from dataflow_core import DataFromList
from dataflow_zmq.remote.sender import _take_up
from dataflow_zmq.remote.sending.protocol import Identity, Sending
from dataflow_zmq.remote.sending.snapshot import restore, snapshot
from dataflow_zmq.remote.sending.supply import Supply
from dataflow_zmq.remote.wire.messages import Entry, Mood, Ping

STREAM, FIRST, SECOND, RECEIVER = (bytes([number]) * 16 for number in range(4))


def test_a_file_written_before_the_flow_is_there_tells_the_receivers_state() -> None:
    flow = DataFromList([[n] for n in range(900)])
    flow.reset_state(3)
    for _ in zip(range(386), flow):
        pass
    state = json.dumps(flow.state_dict())
    entry = Entry(
        RECEIVER, 1, 7, True, STREAM, 1, ((0, 592),), 592, True, state=state, state_seq=386
    )
    rewound = Sending(Identity(STREAM, FIRST))
    ping = Ping(RECEIVER, FIRST, 1, 1, Mood.READING, 0, 0, 0, (), 0, 0, 5, entry)
    assert rewound.receive((0, None), ping, 0.0)

    again = Sending(Identity(STREAM, SECOND))
    _take_up(DataFromList([[n] for n in range(900)]), again, snapshot(rewound))
    course = again.course
    assert course is not None
    assert (course.state, course.state_seq, course.first) == (state, 386, 592)


def test_a_sender_started_anew_when_all_was_served_waits_a_while_for_who_goes_back() -> None:
    served = Sending(Identity(STREAM, FIRST), epochs=1)
    ping = Ping(RECEIVER, FIRST, 1, 1, Mood.READING, 0, 0, 0, (), 0, 0, 5, Entry(RECEIVER, 1, 7))
    assert served.receive((0, None), ping, 0.0)
    course = served.course
    assert course is not None
    Supply(served).exhaust(course, 0, 0.0)
    assert served.all_served
    leaves = ping._replace(number=2, mood=Mood.LEAVING)
    assert served.receive((0, None), leaves, 0.0)
    assert served.finished(0.0)

    again = Sending(Identity(STREAM, SECOND), epochs=1, timeout_s=30.0)
    restore(again, snapshot(served), 100.0)
    assert not again.finished(100.0)
    assert not again.finished(129.0)
    assert again.finished(131.0)
