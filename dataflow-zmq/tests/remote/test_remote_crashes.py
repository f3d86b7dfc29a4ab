"""Senders and receivers are killed, with SIGKILL, at random moments."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashing import Side, expected, flow, written
from pairs import Doing, free_port

from dataflow_zmq import RemoteDataZMQ, RemoteLostError, RemoteRefusedError, send_dataflow_zmq

SIZE = 6000


@pytest.fixture(autouse=True)
def _no_side_outlives_its_test() -> Iterator[None]:
    yield
    Side.kill_all()


@pytest.fixture
def addr() -> str:
    return f"tcp://127.0.0.1:{free_port()}"


def collect(receiver: RemoteDataZMQ, pause_s: float = 0.0) -> list[int]:
    got = []
    with receiver:
        for number, array in receiver:
            assert (array == number).all()
            got.append(number)
            if pause_s and len(got) % 50 == 0:
                time.sleep(pause_s)
    return got


@pytest.mark.parametrize("receiver_binds", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_sender_killed_again_and_again_goes_on_where_it_was(
    addr: str, tmp_path: Path, receiver_binds: bool, seed: int
) -> None:
    rng = random.Random(seed)
    options = {
        "size": SIZE,
        "bind": not receiver_binds,
        "state_file": str(tmp_path / "state"),
        "pause_s": 0.02,
        # If it is killed when all is served, the next one waits so long for who goes back.
        "timeout": 5.0,
    }
    receiver = Doing(lambda: collect(RemoteDataZMQ(addr, bind=receiver_binds)))
    for _ in range(4):
        sender = Side("send", addr, **options)
        time.sleep(rng.uniform(0.3, 2.5))
        sender.kill()
    sender = Side("send", addr, **options)
    assert receiver.result() == expected(SIZE)
    assert sender.wait() == ""


def test_a_sender_that_has_served_all_waits_for_its_timeout_at_most(
    addr: str, tmp_path: Path
) -> None:
    options = {"size": 100, "state_file": str(tmp_path / "state"), "timeout": 2.0}
    for _ in range(3):
        sender = Side("send", addr, **options)
        if not (tmp_path / "state").exists():
            assert collect(RemoteDataZMQ(addr)) == expected(100)
        assert sender.wait(10.0) == ""


def test_two_receivers_share_what_a_killed_sender_goes_on_with(addr: str, tmp_path: Path) -> None:
    kept = str(tmp_path / "state")
    options = {"size": SIZE, "bind": True, "state_file": kept, "pause_s": 0.02, "timeout": 5.0}
    receivers = [
        Doing(lambda: collect(RemoteDataZMQ(addr, bind=False, hwm=4), 0.01)) for _ in range(2)
    ]
    for wait_s in (1.5, 0.9, 2.0):
        sender = Side("send", addr, **options)
        time.sleep(wait_s)
        sender.kill()
    sender = Side("send", addr, **options)
    got = [number for each in receivers for number in each.result()]
    assert sorted(got) == [*range(SIZE)]
    assert sender.wait() == ""


@pytest.mark.parametrize("receiver_binds", [True, False])
def test_a_sender_restarted_without_its_file_is_no_way_to_go_on(
    addr: str, receiver_binds: bool
) -> None:
    options = {"size": SIZE, "bind": not receiver_binds, "pause_s": 0.05}
    sender = Side("send", addr, **options)
    with RemoteDataZMQ(addr, bind=receiver_binds, timeout=3.0) as receiver:
        items = iter(receiver)
        got = [next(items)[0] for _ in range(100)]
        sender.kill()
        sender = Side("send", addr, **options)
        with pytest.raises(RemoteLostError):
            got += [dp[0] for dp in items]
    assert got == expected(SIZE)[: len(got)]
    sender.kill()


def test_what_a_killed_receiver_had_not_consumed_goes_to_the_next(
    addr: str, tmp_path: Path
) -> None:
    rng = random.Random(0)
    sender = Side("send", addr, size=SIZE, pause_s=0.07, timeout=1.0)
    outs = [tmp_path / f"{k}" for k in range(4)]
    for out in outs[:-1]:
        receiver = Side("receive", addr, out=str(out))
        time.sleep(rng.uniform(0.5, 2.0))
        receiver.kill()
    receiver = Side("receive", addr, out=str(outs[-1]))
    assert receiver.wait() == ""
    assert sender.wait() == ""
    got = [number for out in outs for number in written(out)]
    assert set(got) == {*range(SIZE)}
    last = written(outs[-1])
    assert len(last) == len(set(last))


@pytest.mark.parametrize("seed", range(3))
def test_a_receiver_that_keeps_its_state_is_exact_however_often_it_is_killed(
    addr: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    out = tmp_path / "out"
    # Slow enough for the epoch to outlast the kills.
    sender = Side("send", addr, size=SIZE, pause_s=0.07)
    options = {"out": str(out), "every": 37}
    for _ in range(4):
        receiver = Side("receive", addr, **options)
        while not out.with_suffix(".state").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 1.5))
        receiver.kill()
    receiver = Side("receive", addr, **options)
    assert receiver.wait() == ""
    assert sender.wait() == ""
    assert written(out) == expected(SIZE)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sender_keeps", [True, False])
def test_both_sides_are_killed_and_the_receivers_state_is_enough(
    addr: str, tmp_path: Path, seed: int, sender_keeps: bool
) -> None:
    rng = random.Random(seed)
    out = tmp_path / "out"
    kept = {"state_file": str(tmp_path / "state")} if sender_keeps else {}
    to_send = {"size": SIZE, "pause_s": 0.02, **kept}
    to_receive = {"out": str(out), "every": 37}
    for _ in range(3):
        sender, receiver = Side("send", addr, **to_send), Side("receive", addr, **to_receive)
        while not out.with_suffix(".state").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 2.0))
        for side in rng.sample([sender, receiver], 2):
            side.kill()
    sender, receiver = Side("send", addr, **to_send), Side("receive", addr, **to_receive)
    assert receiver.wait() == ""
    assert sender.wait() == ""
    assert written(out) == expected(SIZE)


def test_a_sender_that_had_served_all_goes_back_to_a_receivers_older_state(
    addr: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        sender = Side("send", addr, size=1000, state_file=str(tmp_path / "state"))
        receiver = Side("receive", addr, out=str(out), every=37)
        assert receiver.wait() == ""
        assert sender.wait() == ""
        assert written(out) == expected(1000)


def test_ctrl_c_ends_a_sender_and_its_receiver_promptly(addr: str) -> None:
    sender = Side("send", addr, size=SIZE, pause_s=0.1)
    with RemoteDataZMQ(addr) as receiver:
        items = iter(receiver)
        next(items)
        began = time.monotonic()
        sender.process.send_signal(signal.SIGINT)
        with pytest.raises(RemoteLostError, match="KeyboardInterrupt"):
            list(items)
        assert "KeyboardInterrupt" in sender.wait()
    assert time.monotonic() - began < 5


def test_a_state_file_serves_one_sender(addr: str, tmp_path: Path) -> None:
    state_file = str(tmp_path / "state")
    sender = Side("send", addr, size=SIZE, state_file=state_file)
    while not (tmp_path / "state").exists():
        time.sleep(0.01)
    with pytest.raises(RemoteRefusedError, match="in use by another sender"):
        send_dataflow_zmq(flow(10, 0), addr, state_file=state_file, progress=False)
    sender.kill()
    assert [*tmp_path.glob("*.new")] == []
