"""Strangers bother the port of an honest pair: its stream is whole, and its memory bounded.

All without keys, on loopback: with them, strangers do not get as far.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attackers import Attack, Bytes, Frames, Messages, Replays
from pairs import free_port, numbers, receiving, serving
from proxy import Faults, MessageProxy

import dataflow_zmq.remote
from dataflow_zmq.remote.access.key_files import write_key_pair

SIZE = 3000
EPOCHS = 2
PAUSE_S = 0.03
TIMEOUT_S = 120

#: An honest side takes some 70 MB for its imports and some for what is under way.
MAX_PEAK_BYTES = 300 << 20

HONEST = Path(__file__).with_name("honest.py")

BOTH_WAYS = pytest.mark.parametrize(
    "sender_binds", [True, False], ids=["against-a-sender", "against-a-receiver"]
)


class Honest:
    """A sender and a receiver, each a process; what each says at its end is its result."""

    def __init__(self, sender_binds: bool, port: int, other: str = "", **keys: Any) -> None:
        bound = f"tcp://127.0.0.1:{port}"
        addresses = {True: bound, False: other or bound}
        common = {"size": SIZE, "epochs": EPOCHS}
        self.processes = [
            self._start(
                "send", addresses[sender_binds], bind=sender_binds, **common, **keys.get("send", {})
            ),
            self._start(
                "receive",
                addresses[not sender_binds],
                bind=not sender_binds,
                pause_s=PAUSE_S,
                **common,
                **keys.get("receive", {}),
            ),
        ]

    def _start(self, role: str, addr: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "error", str(HONEST), role, addr, json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def check(self) -> None:
        """Check that all is well when both have ended."""
        said = []
        for process in self.processes:
            out, error = process.communicate(timeout=TIMEOUT_S)
            assert process.returncode == 0, error[-3000:]
            said.append(json.loads(out))
        assert said[1]["epochs"] == [list(range(SIZE))] * EPOCHS
        for side, result in zip(("sender", "receiver"), said):
            assert result["peak_bytes"] < MAX_PEAK_BYTES, side


@contextlib.contextmanager
def honest(sender_binds: bool, port: int, other: str = "", **keys: Any) -> Iterator[Honest]:
    pair = Honest(sender_binds, port, other, **keys)
    try:
        yield pair
    finally:
        for process in pair.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "unpickled"
    yield str(path)
    assert not path.exists(), "something that was received has been unpickled"


def test_the_canary_sings(tmp_path: Path) -> None:
    import pickle

    from attackers import Canary

    pickle.loads(pickle.dumps(Canary(str(tmp_path / "unpickled"))))
    assert (tmp_path / "unpickled").exists()


@BOTH_WAYS
@pytest.mark.parametrize("attack", [Bytes, Messages])
def test_garbage_changes_nothing(
    attack: Callable[[int, int, str], Attack], sender_binds: bool, canary: str
) -> None:
    port = free_port()
    with honest(sender_binds, port) as pair, attack(port, 1, canary) as bad:
        pair.check()
    assert bad.times > 100


@pytest.fixture(scope="module")
def heard() -> dict[bool, list[Frames]]:
    """What another pair said to its bound side; by whether that was the sender."""
    said = {}
    for sender_binds in (True, False):
        bound = f"tcp://127.0.0.1:{free_port()}"
        with MessageProxy(bound, Faults(seed=0)) as proxy:
            ends = {True: bound, False: proxy.addr}
            sender = serving(numbers(500), ends[sender_binds], bind=sender_binds)
            receiving(ends[not sender_binds], bind=not sender_binds).result()
            sender.result()
        said[sender_binds] = proxy.upward
    return said


@BOTH_WAYS
def test_what_others_said_changes_nothing(
    heard: dict[bool, list[Frames]], sender_binds: bool, canary: str
) -> None:
    port = free_port()
    with (
        honest(sender_binds, port) as pair,
        Replays(port, 2, canary, heard[sender_binds]) as bad,
    ):
        pair.check()
    assert bad.times > 100


@BOTH_WAYS
def test_what_the_pair_itself_said_changes_nothing(sender_binds: bool, canary: str) -> None:
    """Who can listen in can send everything again."""
    port = free_port()
    bound = f"tcp://127.0.0.1:{port}"
    with (
        MessageProxy(bound, Faults(seed=0)) as proxy,
        honest(sender_binds, port, proxy.addr) as pair,
        Replays(port, 3, canary, proxy.upward) as bad,
    ):
        pair.check()
    assert bad.times > 100


@BOTH_WAYS
def test_with_keys_strangers_do_not_get_as_far(
    sender_binds: bool, canary: str, tmp_path: Path
) -> None:
    for name in ("bound", "connecting"):
        write_key_pair(name, tmp_path)
    of_bound = {
        "server_keys": str(tmp_path / "bound.key_secret"),
        "authorized_keys": str(tmp_path / "connecting.key"),
    }
    of_connecting = {
        "server_keys": str(tmp_path / "bound.key"),
        "authorized_keys": str(tmp_path / "connecting.key_secret"),
    }
    roles = ("send", "receive") if sender_binds else ("receive", "send")
    port = free_port()
    with (
        honest(sender_binds, port, **dict(zip(roles, (of_bound, of_connecting)))) as pair,
        Bytes(port, 4, canary) as raw,
        Messages(port, 5, canary) as messages,
    ):
        pair.check()
    assert raw.times > 100
    assert messages.times > 100


def test_the_code_that_receives_knows_nothing_of_pickle() -> None:
    """Neither pickle nor what is built on it, nor anything else that runs what it is given."""
    [folder] = dataflow_zmq.remote.__path__
    sources = {str(path): path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py")}
    assert len(sources) > 30
    forbidden = re.compile(
        r"^\s*(import|from)\s+(\w*pickle|marshal|shelve|subprocess|importlib)\b"
        r"|\b(eval|exec|compile|__import__|recv_pyobj|send_pyobj)\("
        r"|allow_pickle",
        re.MULTILINE,
    )
    # `re.compile` is not the built-in one.
    found = {
        name: match[0]
        for name, text in sources.items()
        for match in forbidden.finditer(text.replace("re.compile(", ""))
    }
    assert found == {}
