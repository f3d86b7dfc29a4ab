from __future__ import annotations

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.address import LONGEST_PATH, check_address

OWN = [
    "tcp://127.0.0.1:5555",
    "tcp://127.8.9.10:1",
    "tcp://localhost:65535",
    "tcp://LOCALHOST:80",
    "tcp://[::1]:5555",
    "tcp://127.0.0.1:*",
    "ipc:///tmp/train",
    "ipc://@abstract",
]
REACHABLE = [
    "tcp://*:5555",
    "tcp://0.0.0.0:5555",
    "tcp://10.0.0.1:5555",
    "tcp://[::]:5555",
    "tcp://[fe80::1]:5555",
    "tcp://eth0:5555",
    "tcp://trainer.example.org:5555",
    # Looks like loopback, and is not, or not for all resolvers.
    "tcp://127.1:5555",
    "tcp://127.0.0.1.example.org:5555",
    "tcp://localhost.example.org:5555",
    "tcp://2130706433:5555",
    "tcp://0x7f.0.0.1:5555",
    "tcp://128.0.0.1:5555",
    "tcp://[::ffff:127.0.0.1]:5555",
    "tcp://[::2]:5555",
]
MALFORMED = [
    "",
    "tcp",
    "tcp://",
    "127.0.0.1:5555",
    "tcp:127.0.0.1:5555",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:",
    "tcp://:5555",
    "tcp://127.0.0.1:port",
    "tcp://127.0.0.1:65536",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:5²",
    "tcp://::1:5555",
    "tcp://[::1:5555",
    "tcp://[node]:5555",
    "tcp://127.0.0.1:5555\n",
    "tcp://127.0.0.1:0;127.0.0.1:5555",
    "tcp://user@127.0.0.1:5555",
    " tcp://127.0.0.1:5555",
    "TCP://127.0.0.1:5555",
    "ipc://",
    "ipc://" + "x" * (LONGEST_PATH + 1),
    "inproc://here",
    "udp://127.0.0.1:5555",
    "pgm://eth0;239.192.1.1:5555",
]


@pytest.mark.parametrize("addr", OWN)
def test_this_machines_own_addresses_need_no_keys(addr: str) -> None:
    assert check_address(addr, secure=False, insecure=False) == addr


@pytest.mark.parametrize("addr", REACHABLE)
def test_addresses_that_others_reach_are_refused_without_keys(addr: str) -> None:
    with pytest.raises(RemoteRefusedError) as refused:
        check_address(addr, secure=False, insecure=False)
    for remedy in ("dataflow keygen", "insecure=True", "ssh"):
        assert remedy in str(refused.value)


@pytest.mark.parametrize("addr", REACHABLE)
def test_with_keys_or_on_request_they_are_not(addr: str) -> None:
    assert check_address(addr, secure=True, insecure=False) == addr
    assert check_address(addr, secure=False, insecure=True) == addr


@pytest.mark.parametrize("addr", MALFORMED)
def test_what_is_no_address_is_told_with_an_example_whatever_the_keys(addr: str) -> None:
    with pytest.raises(ValueError, match=r"tcp://|/tmp"):
        check_address(addr, secure=True, insecure=True)


@pytest.mark.parametrize("addr", [None, b"tcp://127.0.0.1:5555", 5555])
def test_what_is_no_text_is_no_address(addr: object) -> None:
    with pytest.raises(ValueError, match="is no address"):
        check_address(addr, secure=True, insecure=True)  # type: ignore[arg-type]


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_whatever_stands_after_tcp_it_is_taken_or_refused(rest: str) -> None:
    try:
        assert check_address(f"tcp://{rest}", secure=False, insecure=False)
    except RemoteRefusedError:
        return
    host = rest.rpartition(":")[0]
    assert host.lower() in ("localhost", "[::1]") or host.startswith("127.")


@pytest.mark.parametrize(
    "addr", ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "ipc://@taken-by-a-test"]
)
def test_what_is_taken_zeromq_takes_too(addr: str) -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.bind(check_address(addr, secure=False, insecure=False))
