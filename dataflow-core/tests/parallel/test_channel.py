"""Any list of buffers arrives as it was sent: in a slot, inline, or some of each."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_core.parallel.transport.channel import ALIGN, SHARED_UP_TO, SLOT_FROM, Channel
from dataflow_core.parallel.transport.garbled import GarbledError
from dataflow_core.parallel.transport.slots import MAX_SLOTS, TAKEN, Incoming, Outgoing
from dataflow_core.parallel.transport.wire import BEGIN, END, ClosedError, Message, Wire
from dataflow_core.testing import Remains

MESSAGE = struct.Struct("<4sIIQ")


class Ends:
    """A worker's and a parent's end, in one process; the worker's results are looked at."""

    def __init__(self, limit: int | None = None) -> None:
        ours, theirs = socket.socketpair()
        self.flags = np.zeros(MAX_SLOTS, np.uint8)
        back = np.zeros(MAX_SLOTS, np.uint8)
        # Neither end blocks: here one thread plays both.
        self.worker = Channel(
            Wire(theirs, blocking=False), Outgoing(self.flags, limit), Incoming(back)
        )
        self.parent = Channel(
            Wire(ours, blocking=False), Outgoing(back, limit), Incoming(self.flags)
        )

    def message(self) -> Message:
        while True:
            self.worker.wire.flush()
            for message in self.parent.wire.messages():
                return message

    def sent(self, buffers: list[Any]) -> list[memoryview]:
        self.worker.send(3, buffers)
        return self.parent.buffers(self.message())

    @property
    def taken(self) -> int:
        return int((self.flags == TAKEN).sum())


@contextmanager
def both_ends(limit: int | None = None) -> Iterator[Ends]:
    ends = Ends(limit)
    try:
        yield ends
    finally:
        ends.worker.close()
        ends.parent.close()


def content(number: int, size: int) -> bytes:
    return bytes([number % 256]) * size


sizes = st.integers(0, 200) | st.integers(0, 3 * SLOT_FROM)
messages = st.lists(st.lists(sizes, max_size=6), max_size=8)


@given(messages, st.none() | st.integers(0, 12 * SLOT_FROM), st.integers(0, 3), st.data())
def test_buffers_arrive_as_they_were_sent_and_stay_so(
    sent: list[list[int]], limit: int | None, keep: int, data: st.DataObject
) -> None:
    with both_ends(limit) as ends:
        kept: list[tuple[list[bytes], list[memoryview]]] = []
        for number, wanted in enumerate(sent):
            buffers: list[Any] = []
            expected = []
            for place, size in enumerate(wanted):
                text = content(number * 7 + place, size)
                made = ends.worker.empty(size) if data.draw(st.booleans()) else None
                if made is not None:
                    made[:] = np.frombuffer(text, np.uint8)
                    # What is made is not always sent.
                    if data.draw(st.booleans()):
                        continue
                buffers.append(text if made is None else made.data)
                expected.append(text)
            kept.append((expected, ends.sent(buffers)))
            buffers.clear()
            made = None
            del kept[: max(0, len(kept) - keep)]
            for texts, views in kept:
                assert [bytes(view) for view in views] == texts
        views = []
        kept.clear()
        ends.worker.forget()
        assert ends.taken == 0


def test_what_was_made_in_place_is_not_copied() -> None:
    with both_ends() as ends:
        made = ends.worker.empty(4 * SLOT_FROM)
        assert made is not None
        made[:] = 5
        (seen,) = ends.sent([made.data])
        # Were it a copy, it would not change.
        made[7] = 6
        assert seen[7] == 6
        assert ends.worker.copied_out == 0


def test_large_arrays_of_one_message_each_have_a_slot_that_is_freed_alone() -> None:
    with both_ends() as ends:
        for _ in range(3):
            sent = []
            for number in range(3):
                made = ends.worker.empty(2 * SHARED_UP_TO)
                assert made is not None
                made[:] = number
                sent.append(made.data)
            made = None
            seen = ends.sent(sent)
            sent.clear()
            assert [view[5] for view in seen] == [0, 1, 2]
            assert ends.taken == 3
            del seen[0], seen[-1]
            assert ends.taken == 1
            assert seen[0][5] == 1
            seen.clear()
            assert ends.taken == 0
        # The same three, again and again.
        assert len(ends.flags.nonzero()[0]) == 0
        assert ends.worker.copied_out == 0


def test_small_arrays_of_one_message_share_slots() -> None:
    with both_ends() as ends:
        for _ in range(3):
            sent: list[Any] = []
            for _number in range(10):
                made = ends.worker.empty(SLOT_FROM)
                sent.append(bytes(SLOT_FROM) if made is None else made.data)
            made = None
            seen = ends.sent(sent)
            sent.clear()
            taken = ends.taken
            seen.clear()
        assert taken == 1


def test_more_arrays_than_a_message_has_slots_arrive_too() -> None:
    with both_ends() as ends:
        sent: list[Any] = []
        for number in range(40):
            made = ends.worker.empty(2 * SLOT_FROM)
            text = content(number, 2 * SLOT_FROM)
            if made is None:
                sent.append(text)
            else:
                made[:] = number
                sent.append(made.data)
        made = None
        seen = ends.sent(sent)
        assert [bytes(view) for view in seen] == [content(n, 2 * SLOT_FROM) for n in range(40)]
        sent.clear()
        seen.clear()
        assert ends.taken == 0


def test_many_tiny_buffers_leave_no_slot_taken() -> None:
    with both_ends() as ends:
        tiny = [content(number, number % ALIGN) for number in range(2000)]
        assert [bytes(view) for view in ends.sent([*tiny])] == tiny
        assert ends.taken == 0


def test_what_found_no_room_is_counted_by_both_ends() -> None:
    with both_ends(limit=4 * SLOT_FROM) as ends:
        kept = [ends.sent([content(number, 2 * SLOT_FROM)]) for number in range(5)]
        assert [bytes(views[0]) == content(n, 2 * SLOT_FROM) for n, views in enumerate(kept)] == [
            True
        ] * 5
        assert ends.worker.copied_out == ends.parent.copied_out == 4
        kept.clear()
        ends.sent([content(1, 2 * SLOT_FROM)])
        assert ends.worker.copied_out == 4


def test_small_messages_take_no_slot() -> None:
    with both_ends() as ends:
        kept = [ends.sent([b"small", bytes(SLOT_FROM // 2)]) for _ in range(5)]
        assert len(kept) == 5
        assert ends.taken == 0
        assert ends.parent.copied_out == 0


def test_what_was_made_but_never_sent_is_free_again() -> None:
    with both_ends() as ends:
        assert ends.worker.empty(2 * SLOT_FROM) is not None
        assert ends.taken == 1
        ends.sent([b"a failure"])
        assert ends.taken == 0


def test_what_a_stage_keeps_of_a_message_is_not_overwritten_by_the_next() -> None:
    with both_ends() as ends:
        made = ends.worker.empty(2 * SLOT_FROM)
        assert made is not None
        made[:] = 1
        kept = made[:100]
        ends.sent([made.data])
        del made
        for _ in range(3):
            other = ends.worker.empty(2 * SLOT_FROM)
            assert other is not None
            other[:] = 2
            ends.sent([other.data])
            del other
        assert (kept == 1).all()


def test_views_outlive_the_channel() -> None:
    with both_ends() as ends:
        (seen,) = ends.sent([content(9, 2 * SLOT_FROM)])
    assert bytes(seen) == content(9, 2 * SLOT_FROM)


@settings(max_examples=300)
@given(
    st.binary(max_size=200)
    | st.tuples(
        st.integers(0, 5), st.integers(0, 3), st.integers(0, 2**64 - 1), st.binary(max_size=100)
    ).map(lambda fields: MESSAGE.pack(BEGIN, *fields[:3]) + fields[3] + END)
    | st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=100)).map(
        lambda fields: (
            MESSAGE.pack(BEGIN, 3, 0, 12 + len(fields[2]))
            + struct.pack("<III", fields[0], fields[1], 0)
            + fields[2]
            + END
        )
    ),
    st.booleans(),
)
def test_garbage_raises_at_worst_and_shows_nothing_beyond_the_slots(
    garbage: bytes, has_slot: bool
) -> None:
    with both_ends() as ends:
        seen: list[memoryview] = ends.sent([bytes(2 * SLOT_FROM)]) if has_slot else []
        seen.clear()
        ends.worker.wire._socket.send(garbage)
        ends.worker.wire.close()
        try:
            for message in ends.parent.wire.messages():
                seen += ends.parent.buffers(message)
        except (ClosedError, GarbledError):
            pass
        # Reading all of it is what would crash.
        assert sum(len(bytes(view)) for view in seen) <= 4 * SLOT_FROM * (1 + len(seen))


def test_a_channel_leaves_no_descriptor() -> None:
    before = Remains.now().descriptors
    with both_ends() as ends:
        kept = [ends.sent([content(n, 2 * SLOT_FROM)]) for n in range(40)]
        ends.worker.empty(8 * SLOT_FROM)
        during = Remains.now().descriptors
    after = Remains.now().descriptors
    assert len(kept) == 40
    assert during - before <= 4
    assert after == before
