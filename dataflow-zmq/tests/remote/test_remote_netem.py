"""Two network namespaces and a bad wire between them; nothing outside is touched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from proxy import Faults
from tun_wire import TunWire, open_tun

SIZE = 3000
EPOCHS = 2
TIMEOUT_S = 120
HONEST = Path(__file__).with_name("honest.py")
SENDER, RECEIVER = "10.231.7.1", "10.231.7.2"


def run(*command: str) -> None:
    """Run a command; skip the test, with what it says, if that is not allowed here."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()}")


@dataclass(frozen=True)
class Wire:
    """A namespace at each end; both call their end of the wire `wire`."""

    sender: str
    receiver: str

    def tell(self, *command: str) -> None:
        """Run a command at both ends."""
        for name in (self.sender, self.receiver):
            run("ip", "netns", "exec", name, *command)


@pytest.fixture
def ends() -> Iterator[Wire]:
    """Two namespaces without a wire."""
    if shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("ip and tc, of iproute2, are not installed")
    made = Wire(f"df-{os.getpid()}-s", f"df-{os.getpid()}-r")
    try:
        for name in (made.sender, made.receiver):
            run("ip", "netns", "add", name)
        made.tell("ip", "link", "set", "lo", "up")
        yield made
    finally:
        for name in (made.sender, made.receiver):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def plug_in(ends: Wire) -> None:
    """Give both devices their addresses, and switch them on."""
    for name, number in ((ends.sender, SENDER), (ends.receiver, RECEIVER)):
        run("ip", "-n", name, "addr", "add", f"{number}/24", "dev", "wire")
    ends.tell("ip", "link", "set", "wire", "up")


@pytest.fixture
def wire(ends: Wire) -> Wire:
    """A wire of the kernel's."""
    run(
        *("ip", "link", "add", "wire", "netns", ends.sender, "type", "veth"),
        *("peer", "name", "wire", "netns", ends.receiver),
    )
    plug_in(ends)
    return ends


def tun_devices(ends: Wire) -> tuple[int, int]:
    """Return the files of a device in each namespace."""
    files = []
    for name in (ends.sender, ends.receiver):
        passing = f"{name}-w"
        try:
            files.append(open_tun(passing))
        except OSError as error:
            pytest.skip(f"a network device of a program's own: {error}")
        run("ip", "link", "set", passing, "netns", name)
        run("ip", "-n", name, "link", "set", passing, "name", "wire")
    plug_in(ends)
    return files[0], files[1]


@contextlib.contextmanager
def program(
    namespace: str, role: str, addr: str, **options: object
) -> Iterator[subprocess.Popen[str]]:
    common = {"size": SIZE, "epochs": EPOCHS, "insecure": True, "large_every": 100}
    with subprocess.Popen(
        [
            *("ip", "netns", "exec", namespace),
            *(sys.executable, str(HONEST), role, addr, json.dumps(common | options)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def check(wire: Wire, *, sender_binds: bool, pause_s: float = 0.0) -> None:
    """Run a pair over the wire: nothing lost, nothing twice."""
    addr = f"tcp://{SENDER if sender_binds else RECEIVER}:5555"
    with (
        program(wire.sender, "send", addr, bind=sender_binds) as sender,
        program(wire.receiver, "receive", addr, bind=not sender_binds, pause_s=pause_s) as receiver,
    ):
        out, error = receiver.communicate(timeout=TIMEOUT_S)
        assert receiver.returncode == 0, error
        assert json.loads(out)["epochs"] == [list(range(SIZE))] * EPOCHS
        _, error = sender.communicate(timeout=TIMEOUT_S)
        assert sender.returncode == 0, error


BOTH_WAYS = pytest.mark.parametrize(
    "sender_binds", [True, False], ids=["sender-binds", "receiver-binds"]
)


@BOTH_WAYS
@pytest.mark.parametrize(
    "netem",
    [
        "loss 5%",
        "delay 30ms 20ms",
        "delay 20ms reorder 30% 50%",
        "loss 3% delay 20ms 10ms duplicate 5% reorder 20%",
    ],
)
def test_over_a_bad_wire_nothing_is_lost_or_twice(
    wire: Wire, netem: str, sender_binds: bool
) -> None:
    wire.tell("tc", "qdisc", "add", "dev", "wire", "root", "netem", *netem.split())
    check(wire, sender_binds=sender_binds)


@BOTH_WAYS
@pytest.mark.parametrize(
    "faults",
    [
        Faults(seed=1, loss=0.05),
        Faults(seed=2, late=1.0, delay_s=0.04),
        Faults(seed=3, loss=0.03, duplicates=0.1, late=0.3, delay_s=0.03),
    ],
    ids=["loss", "delay and reorder", "all"],
)
def test_over_a_wire_that_loses_packets_nothing_is_lost_or_twice(
    ends: Wire, faults: Faults, sender_binds: bool
) -> None:
    with TunWire(tun_devices(ends), faults) as wire:
        check(ends, sender_binds=sender_binds)
    assert not faults.loss or wire.lost
    assert not faults.duplicates or wire.doubled
    assert not faults.late or wire.delayed


@BOTH_WAYS
def test_over_a_wire_that_is_pulled_nothing_is_lost_or_twice(
    wire: Wire, sender_binds: bool
) -> None:
    pulled = threading.Event()
    stop = threading.Event()

    def pull() -> None:
        while not stop.wait(0.7):
            for state in ("down", "up"):
                command = ["ip", "-n", wire.receiver, "link", "set", "wire", state]
                subprocess.run(command, check=True)
                stop.wait(0.4)
            pulled.set()

    thread = threading.Thread(target=pull)
    thread.start()
    try:
        check(wire, sender_binds=sender_binds, pause_s=0.05)
    finally:
        stop.set()
        thread.join()
    assert pulled.is_set()
