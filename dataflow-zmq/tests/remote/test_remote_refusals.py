"""Whom the other side does not take raises, rather than wait for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pairs import Doing, free_port, numbers, receiving, serving

from dataflow_zmq import RemoteDataZMQ, RemoteRefusedError, send_dataflow_zmq
from dataflow_zmq.remote.access.key_files import write_key_pair

SIZE = 200
SOON_S = 20

BOTH_WAYS = pytest.mark.parametrize(
    "sender_binds", [True, False], ids=["sender-binds", "receiver-binds"]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("bound", "friend", "stranger"):
        write_key_pair(name, tmp_path)
    return tmp_path


def bound_keys(folder: Path) -> dict[str, Any]:
    return {
        "server_keys": folder / "bound.key_secret",
        "authorized_keys": folder / "friend.key",
    }


def keys_of(folder: Path, name: str, server: str = "bound") -> dict[str, Any]:
    return {
        "server_keys": folder / f"{server}.key",
        "authorized_keys": folder / f"{name}.key_secret",
    }


def side(*, sends: bool, addr: str, bind: bool, **options: Any) -> Doing:
    if sends:
        return serving(numbers(SIZE), addr, bind=bind, **options)
    return receiving(addr, bind=bind, **options)


@BOTH_WAYS
@pytest.mark.parametrize("what", ["stranger", "no keys", "impostor"])
def test_who_is_not_taken_is_told_and_others_are_not_bothered(
    folder: Path, sender_binds: bool, what: str
) -> None:
    addr = f"tcp://127.0.0.1:{free_port()}"
    options: dict[str, Any] = {
        "stranger": keys_of(folder, "stranger"),
        "no keys": {},
        "impostor": keys_of(folder, "friend", "stranger") | {"timeout": 2.0},
    }[what]
    bound = side(sends=sender_binds, addr=addr, bind=True, **bound_keys(folder))
    told = {"stranger": "does not know", "no keys": "wants keys", "impostor": "server_keys="}[what]
    with pytest.raises(RemoteRefusedError, match=told):
        side(sends=not sender_binds, addr=addr, bind=False, **options).result(SOON_S)
    friend = side(sends=not sender_binds, addr=addr, bind=False, **keys_of(folder, "friend"))
    ended = [friend.result(SOON_S), bound.result(SOON_S)]
    assert [list(range(SIZE))] in ended


@BOTH_WAYS
def test_keys_on_one_side_only_are_told(folder: Path, sender_binds: bool) -> None:
    addr = f"tcp://127.0.0.1:{free_port()}"
    bound = side(sends=sender_binds, addr=addr, bind=True)
    with pytest.raises(RemoteRefusedError, match="uses no keys"):
        side(sends=not sender_binds, addr=addr, bind=False, **keys_of(folder, "friend")).result(
            SOON_S
        )
    friend = side(sends=not sender_binds, addr=addr, bind=False)
    assert [list(range(SIZE))] in [friend.result(SOON_S), bound.result(SOON_S)]


@pytest.mark.parametrize("addr", ["tcp://*:5555", "tcp://10.0.0.1:5555", "nowhere"])
def test_an_address_is_refused_before_anything_is_opened(addr: str) -> None:
    with pytest.raises(RemoteRefusedError):
        RemoteDataZMQ(addr)
    with pytest.raises(RemoteRefusedError):
        RemoteDataZMQ("tcp://127.0.0.1:5555", addr)
    with pytest.raises(RemoteRefusedError):
        send_dataflow_zmq(numbers(SIZE), addr, bind=True)
