"""Senders and receivers over real sockets."""

from __future__ import annotations

import gc
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from pairs import Doing

import dataflow_core as df
from dataflow_zmq import (
    RemoteDataZMQ,
    RemotePipelineError,
    RemoteRefusedError,
    send_dataflow_zmq,
)
from dataflow_zmq.remote.receiving.protocol import Receiving
from dataflow_zmq.remote.sending.protocol import Sending

EITHER_BINDS = pytest.mark.parametrize("receiver_binds", [True, False])


@pytest.fixture
def addr(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


def numbers(size: int, first: int = 0) -> df.DataFlow:
    return df.DataFromList([[number] for number in range(first, first + size)], shuffle=False)


def serve(flow: df.DataFlow, addr: str, **options: Any) -> Doing:
    return Doing(lambda: send_dataflow_zmq(flow, addr, progress=False, **options))


def firsts(flow: df.DataFlow) -> list[Any]:
    return [dp[0] for dp in flow]


@EITHER_BINDS
@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_a_lone_receiver_gets_the_stream_in_order_epoch_after_epoch(
    addr: str, receiver_binds: bool, size: int
) -> None:
    flow = df.DataFromList([[number] for number in range(size)], shuffle=True)
    flow.reset_state(1)
    expected = [list(flow) for _ in range(3)]
    flow.reset_state(1)
    sender = serve(flow, addr, epochs=3, bind=not receiver_binds)
    with RemoteDataZMQ(addr, bind=receiver_binds) as receiver:
        assert [list(receiver) for _ in range(3)] == expected
        sender.result()


@EITHER_BINDS
def test_the_senders_length_is_told(addr: str, receiver_binds: bool) -> None:
    sender = serve(numbers(7), addr, epochs=1, bind=not receiver_binds)
    with RemoteDataZMQ(addr, bind=receiver_binds) as receiver:
        assert len(receiver) == 7
        assert len(list(receiver)) == 7
        sender.result()


def test_a_length_that_nobody_knows_is_not_told(addr: str) -> None:
    sender = serve(df.DataFromGenerator(lambda: iter([[1]])), addr, epochs=1)
    with RemoteDataZMQ(addr) as receiver:
        with pytest.raises(df.UnknownLengthError, match="not know"):
            len(receiver)
        assert list(receiver) == [[1]]
        sender.result()


def test_receivers_share_a_sender(addr: str) -> None:
    all_are_there = threading.Event()

    def gated() -> Iterator[Any]:
        assert all_are_there.wait(60)
        yield from ([number] for number in range(20_000))

    sender = serve(df.DataFromGenerator(gated), addr, epochs=1, bind=True)
    receivers = [RemoteDataZMQ(addr, bind=False, hwm=2) for _ in range(3)]
    shares = [Doing(lambda each=each: list(each.get_data())) for each in receivers]
    while not all(take_part(each) for each in receivers):
        time.sleep(0.01)
    all_are_there.set()
    got = [dp[0] for share in shares for dp in share.result()]
    sender.result()
    assert sorted(got) == [*range(20_000)]
    for each in receivers:
        each.close()


def take_part(receiver: RemoteDataZMQ) -> bool:
    connection = receiver._connection
    return connection is not None and any(place.course for place in connection.places())


def test_senders_meet_in_a_receiver(addr: str) -> None:
    senders = [serve(numbers(1000, 1000 * k), addr, epochs=2) for k in range(3)]
    with RemoteDataZMQ(addr, senders=3) as receiver:
        for _ in range(2):
            got = firsts(receiver)
            assert sorted(got) == [*range(3000)]
            for k in range(3):
                assert [n for n in got if n // 1000 == k] == [*range(1000 * k, 1000 * k + 1000)]
        assert len(receiver) == 3000
    for sender in senders:
        sender.result()


def test_a_receiver_reads_from_two_addresses(tmp_path: Path) -> None:
    addrs = [f"ipc://{tmp_path}/{k}" for k in range(2)]
    senders = [serve(numbers(100, 100 * k), addrs[k], epochs=1, bind=True) for k in range(2)]
    with RemoteDataZMQ(*addrs, bind=False) as receiver:
        assert sorted(firsts(receiver)) == [*range(200)]
    for sender in senders:
        sender.result()


def test_the_receiver_says_which_epoch(addr: str) -> None:
    class Epochs(df.RNGDataFlow):
        def get_data(self) -> Iterator[Any]:
            yield [int(self.rng.integers(1 << 60))]

    flow = Epochs()
    flow.reset_state(3)
    expected = []
    for number in (7, 8, 2):
        flow.set_epoch(number)
        expected += list(flow)
    sender = serve(flow, addr, epochs=3)
    with RemoteDataZMQ(addr) as receiver:
        receiver.set_epoch(7)
        got = list(receiver) + list(receiver)
        receiver.set_epoch(2)
        got += list(receiver)
        sender.result()
    assert got == expected


def test_breaking_off_begins_the_next_epoch(addr: str) -> None:
    sender = serve(numbers(100_000), addr, epochs=2)
    with RemoteDataZMQ(addr) as receiver:
        for wanted in (3, 50, 12_345):
            for number, dp in enumerate(receiver):
                assert dp == [number]
                if number == wanted:
                    break
        assert firsts(receiver) == [*range(100_000)]
        assert firsts(receiver) == [*range(100_000)]
        sender.result()


def test_what_the_senders_pipeline_raises_is_raised_everywhere(addr: str) -> None:
    def fail(dp: Any) -> Any:
        if dp[0] == 700:
            raise LookupError("number seven hundred")
        return dp

    sender = serve(numbers(1000).map(fail), addr, epochs=1)
    with RemoteDataZMQ(addr) as receiver:
        got = []
        with pytest.raises(RemotePipelineError, match="number seven hundred") as caught:
            for dp in receiver:
                got.append(dp[0])
        assert got == [*range(700)]
        assert caught.value.error_type == "LookupError"
        assert "in fail" in caught.value.remote_traceback
        with pytest.raises(LookupError, match="seven hundred"):
            sender.result()


def test_what_cannot_be_sent_is_told_after_what_can(addr: str) -> None:
    flow = df.DataFromList([[n] if n != 33 else [object()] for n in range(50)], shuffle=False)
    sender = serve(flow, addr, epochs=1)
    with RemoteDataZMQ(addr) as receiver:
        got = []
        with pytest.raises(RemotePipelineError, match="object"):
            for dp in receiver:
                got.append(dp[0])
        assert got == [*range(33)]
        with pytest.raises(df.CodecError):
            sender.result()


def test_large_arrays_arrive_as_they_were_and_may_be_written_to(addr: str) -> None:
    arrays = [np.arange(300_000, dtype=np.float32) + n for n in range(12)]
    sender = serve(df.DataFromList([[a, 1] for a in arrays], shuffle=False), addr, epochs=1)
    with RemoteDataZMQ(addr, hwm=2) as receiver:
        kept = list(receiver)
        sender.result()
    for (array, _), expected in zip(kept, arrays):
        assert np.array_equal(array, expected)
        array += 1


def test_a_slow_flow_is_not_held_back(addr: str) -> None:
    wanted: queue.Queue[int] = queue.Queue()

    def slow() -> Iterator[Any]:
        yield from ([n] for n in range(3))
        for n in range(3, 6):
            assert wanted.get(timeout=30) == n
            yield [n]

    sender = serve(df.DataFromGenerator(slow), addr, epochs=1)
    with RemoteDataZMQ(addr) as receiver:
        for n, dp in enumerate(receiver):
            assert dp == [n]
            if 2 <= n < 5:
                wanted.put(n + 1)
        sender.result()


@pytest.mark.parametrize("backend", ["thread", "process", "zmq"])
def test_it_is_a_source_for_workers(addr: str, backend: str) -> None:
    sender = serve(numbers(3000), addr, epochs=2)
    flow = RemoteDataZMQ(addr).map(lambda dp: [dp[0] * 2]).batch(10).parallel(2, backend)
    with flow:
        for _ in range(2):
            got = [int(n) for dp in flow for n in dp[0]]
            assert got == [*range(0, 6000, 2)]
        sender.result()


@pytest.mark.parametrize("backend", ["thread", "process"])
def test_it_may_run_in_a_worker(addr: str, backend: str) -> None:
    sender = serve(numbers(3000), addr, epochs=2)
    flow = RemoteDataZMQ(addr).parallel(1, backend)
    with flow:
        for _ in range(2):
            assert firsts(flow) == [*range(3000)]
        sender.result()


def test_it_is_registered() -> None:
    assert df.DataFlow.registry.get("zmq", kind="source") is RemoteDataZMQ


def test_another_format_is_refused(addr: str) -> None:
    with pytest.raises(ValueError, match="zmq_op"):
        send_dataflow_zmq(numbers(1), addr, format="zmq_op")  # type: ignore[arg-type]


def test_an_address_in_use_is_told() -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        with pytest.raises(RemoteRefusedError, match=f"{port} cannot be bound"):
            list(RemoteDataZMQ(f"tcp://127.0.0.1:{port}").get_data())


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("taken", [0, 1, 5000])
@pytest.mark.parametrize("collected", [False, True])
def test_nothing_is_left_behind(addr: str, taken: int, collected: bool) -> None:
    def once() -> None:
        sender = serve(numbers(5000), addr, epochs=1)
        receiver = RemoteDataZMQ(addr)
        items = iter(receiver)
        for _ in range(taken):
            next(items)
        if collected:
            del items, receiver
            gc.collect()
        else:
            receiver.close()
        if taken < 5000:
            with RemoteDataZMQ(addr) as rest:
                assert firsts(rest) == [*range(taken, 5000)]
        sender.result()

    once()
    gc.collect()
    threads, before = {*threading.enumerate()}, descriptors()
    for _ in range(3):
        once()
    gc.collect()
    assert {*threading.enumerate()} == threads
    assert descriptors() == before


def test_a_consumer_that_waits_can_be_closed_from_another_thread(addr: str) -> None:
    receiver = RemoteDataZMQ(addr)
    waiting = Doing(lambda: list(receiver.get_data()))
    while receiver._connection is None:
        pass
    connection = receiver._connection
    connection.close()
    assert waiting.result() == []


def test_what_goes_wrong_behind_the_scenes_is_raised_in_front(
    addr: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, *_: object) -> None:
        raise ZeroDivisionError("behind")

    for machine in (Sending, Receiving):
        monkeypatch.setattr(machine, "tick", fail)
    with pytest.raises(ZeroDivisionError, match="behind"):
        send_dataflow_zmq(numbers(1), addr, progress=False)
    with RemoteDataZMQ(addr) as receiver, pytest.raises(ZeroDivisionError, match="behind"):
        list(receiver.get_data())


PROGRAM = """
import sys, threading, time
import dataflow_core as df
from dataflow_zmq import RemoteDataZMQ, send_dataflow_zmq

flow = df.DataFromList([[n] for n in range(10**6)], shuffle=False)
options = {"bind": True, "progress": False}
sending = {"target": send_dataflow_zmq, "args": (flow, sys.argv[1]), "kwargs": options}
threading.Thread(daemon=True, **sending).start()
receiver = RemoteDataZMQ(sys.argv[1], bind=False)
items = iter(receiver)
print(next(items), flush=True)
if sys.argv[2] == "wait":
    receiver.close()
    receiver = RemoteDataZMQ(sys.argv[1] + ".nobody", bind=False)
    list(receiver.get_data())
"""


@pytest.mark.parametrize("ending", ["exit", "wait"])
def test_a_program_ends_whatever_is_open(addr: str, ending: str) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, addr, ending]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"[0]\n"
        if ending == "wait":
            time.sleep(1)
            program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=15)
    assert (b"KeyboardInterrupt" in error) == (ending == "wait")
    assert b"Exception ignored" not in error
    assert program.returncode == (0 if ending == "exit" else -signal.SIGINT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_leaves_the_parents_connection_alone(addr: str) -> None:
    sender = serve(numbers(1000), addr, epochs=1)
    with RemoteDataZMQ(addr) as receiver:
        items = iter(receiver)
        assert next(items) == [0]
        child = os.fork()
        if child == 0:
            code = 1
            try:
                receiver.close()
                del items, receiver
                gc.collect()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert [dp[0] for dp in items] == [*range(1, 1000)]
        sender.result()
