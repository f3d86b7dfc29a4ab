"""Messages arrive whole, in order, with their descriptors, however the bytes are cut."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.parallel.transport.wire import ClosedError, Message, Wire
from dataflow_core.testing import Remains

bodies = st.lists(st.binary(max_size=300), max_size=5)
#: Sizes around that of a read, which do not fit into a socket's buffer together.
large = st.sampled_from([0, 1, (1 << 18) - 17, 1 << 18, (1 << 18) + 1, 700_000])


def ends(*, blocking: bool) -> tuple[Wire, Wire]:
    first, second = socket.socketpair()
    return Wire(first, blocking=blocking), Wire(second, blocking=blocking)


def exchanged(sender: Wire, receiver: Wire, count: int) -> list[Message]:
    """Flush and read in turns until `count` messages have arrived."""
    arrived: list[Message] = []
    while len(arrived) < count or sender.unsent:
        sender.flush()
        arrived += receiver.messages()
    return arrived


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), bodies), max_size=20))
def test_messages_arrive_as_they_were_sent(sent: list[tuple[int, list[bytes]]]) -> None:
    sender, receiver = ends(blocking=False)
    for kind, parts in sent:
        sender.send(kind, parts)
    arrived = exchanged(sender, receiver, len(sent))
    assert [(each.kind, bytes(each.body)) for each in arrived] == [
        (kind, b"".join(parts)) for kind, parts in sent
    ]
    sender.close()
    receiver.close()


@given(st.lists(st.lists(large, max_size=3), min_size=1, max_size=4))
def test_what_the_socket_does_not_take_at_once_goes_on_where_it_stopped(
    sizes: list[list[int]],
) -> None:
    sender, receiver = ends(blocking=False)
    sent = [[os.urandom(size) for size in each] for each in sizes]
    for parts in sent:
        sender.send(3, [memoryview(part) for part in parts])
    arrived = exchanged(sender, receiver, len(sent))
    assert [bytes(each.body) for each in arrived] == [b"".join(parts) for parts in sent]
    sender.close()
    receiver.close()


def test_two_ends_that_send_before_they_read_do_not_wait_for_each_other() -> None:
    first, second = ends(blocking=False)
    body = os.urandom(3_000_000)
    first.send(1, [body])
    second.send(2, [body])
    assert first.unsent
    assert second.unsent
    got: list[Message] = []
    while len(got) < 2:
        for one, other in ((first, second), (second, first)):
            one.flush()
            got += other.messages()
    assert {(each.kind, bytes(each.body) == body) for each in got} == {(1, True), (2, True)}
    first.close()
    second.close()


def test_a_blocking_end_waits_for_a_message_to_be_whole() -> None:
    first, second = ends(blocking=True)
    body = os.urandom(2_000_000)
    assert not second.waiting()
    thread = threading.Thread(target=first.send, args=(5, [b"head", body]))
    thread.start()
    assert bytes(second.receive().body) == b"head" + body
    thread.join(30)
    assert not second.waiting()
    first.close()
    second.close()


def test_every_message_gets_the_descriptors_that_were_sent_with_it() -> None:
    sender, receiver = ends(blocking=False)
    for number in range(8):
        reading, writing = os.pipe()
        os.write(writing, b"%d" % number)
        os.close(writing)
        # Some are taken in part, with their descriptor, some not even that.
        sender.send(number, [bytes((10, 150_000, 400_000)[number % 3])], [reading])
    for number, message in enumerate(exchanged(sender, receiver, 8)):
        (descriptor,) = message.descriptors
        assert os.read(descriptor, 9) == b"%d" % number
        os.close(descriptor)
    sender.close()
    receiver.close()


def test_descriptors_that_did_not_travel_or_were_not_taken_are_closed() -> None:
    before = Remains.now().descriptors
    for blocked in (False, True):
        sender, receiver = ends(blocking=False)
        if blocked:
            sender.send(1, [bytes(4_000_000)])
        sender.send(2, [b"x"], [os.open(os.devnull, os.O_RDONLY)])
        if not blocked:
            # Half of a message, and with it the descriptor, has arrived.
            sender.send(3, [bytes(4_000_000)], [os.open(os.devnull, os.O_RDONLY)])
            for message in receiver.messages():
                for descriptor in message.descriptors:
                    os.close(descriptor)
        sender.close()
        receiver.close()
    after = Remains.now().descriptors
    assert after == before


@pytest.mark.parametrize("blocking", [False, True])
def test_all_that_was_sent_before_the_end_arrives_and_then_the_end(blocking: bool) -> None:
    sender, receiver = ends(blocking=blocking)
    sender.send(1, [b"first"])
    sender.send(2, [b"second"])
    sender.close()
    kinds = []
    with pytest.raises(ClosedError):
        if blocking:
            while True:
                kinds.append(receiver.receive().kind)
        else:
            while True:
                for message in receiver.messages():
                    kinds.append(message.kind)
    assert kinds == [1, 2]
    with pytest.raises(ClosedError):
        receiver.send(1, [b"is anybody there?"])
        receiver.send(1, [b"no"])
    receiver.close()
