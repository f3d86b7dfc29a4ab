"""Messages that look like a worker's and make no sense, byte by byte."""

from __future__ import annotations

import gc
import pickle
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow_core as df
from dataflow_core.parallel.transport import kinds
from dataflow_core.parallel.transport.wire import BEGIN, END, MAX_LENGTH
from dataflow_core.testing import Remains, assert_same_stream, seeded_flow

HEAD = struct.Struct("<4sIIQ")
COUNTS = struct.Struct("<III")
ENTRY = struct.Struct("<QQ")
NO_SLOT, INLINE = (1 << 32) - 1, (1 << 64) - 1


def message(kind: int, body: bytes, *, descriptors: int = 0) -> bytes:
    return HEAD.pack(BEGIN, kind, descriptors, len(body)) + body + END


def inline(*buffers: bytes) -> bytes:
    """Return a body with buffers that travel inline."""
    entries = b"".join(ENTRY.pack(len(buffer), INLINE) for buffer in buffers)
    return COUNTS.pack(len(buffers), NO_SLOT, 0) + entries + b"".join(buffers)


def in_slot(number: int, length: int, offset: int) -> bytes:
    return COUNTS.pack(1, number, 0) + ENTRY.pack(length, offset)


SENSELESS = {
    "no mark at the end": message(kinds.RESULT, inline(b"x"))[:-4] + b"nope",
    "an absurd length": HEAD.pack(BEGIN, kinds.RESULT, 0, MAX_LENGTH + 1),
    "too many descriptors": HEAD.pack(BEGIN, kinds.RESULT, 1000, 0),
    "descriptors that did not come": message(kinds.RESULT, inline(b"x"), descriptors=3),
    "no body": message(kinds.RESULT, b""),
    "half a head of a body": message(kinds.RESULT, b"12345"),
    "more buffers than bytes": message(kinds.RESULT, COUNTS.pack(1 << 31, NO_SLOT, 0)),
    "a buffer that is not there": message(kinds.RESULT, inline(b"abc")[:-1]),
    "bytes of no buffer": message(kinds.RESULT, inline(b"abc") + b"d"),
    "a slot that is not there": message(kinds.RESULT, in_slot(4000, 10, 0)),
    "no slot at all": message(kinds.RESULT, in_slot(NO_SLOT, 10, 0)),
    "beyond the slots": message(kinds.RESULT, in_slot(1 << 31, 10, 0)),
    "beyond a slot": message(kinds.RESULT, in_slot(0, 1 << 40, 64)),
    "no buffers": message(kinds.RESULT, inline()),
    "no pickle": message(kinds.RESULT, inline(b"not a pickle")),
    "half a pickle": message(kinds.RESULT, inline(pickle.dumps([1, 2, 3])[:-4])),
    "another pickle": message(kinds.RESULT, inline(pickle.dumps({"number": 3}))),
    "an unknown kind": message(77, inline(b"x")),
    "no reason": message(kinds.BROKEN, inline()),
}


# Local functions travel to other processes by value, so that workers need not import this module.
def saying(words: bytes, marks: Path, *, then_hang_up: bool = False) -> Callable[[Any], Any]:
    """Return a map function that says something of its own to the pool, once, at datapoint 7."""
    mark = str(marks / "said")
    hang_up = socket.SHUT_WR

    def say(dp: Any) -> Any:
        from dataflow_core.parallel.transport.wire import Wire

        if dp[0] == 7 and not Path(mark).exists():
            Path(mark).touch()
            (wire,) = (each for each in gc.get_objects() if isinstance(each, Wire))
            wire._socket.sendall(words)
            if then_hang_up:
                wire._socket.shutdown(hang_up)
                while True:
                    signal.pause()
        return [*dp, np.full((300, 300), dp[0], np.uint8)]

    return say


def numbers() -> df.DataFlow:
    return df.DataFromList([[number] for number in range(40)], shuffle=False)


def check(words: bytes, marks: Path, *, then_hang_up: bool = False) -> None:
    before = Remains.now()
    expected = seeded_flow(
        lambda: numbers().map(lambda dp: [*dp, np.full((300, 300), dp[0], np.uint8)])
    )
    made = numbers().map(saying(words, marks, then_hang_up=then_hang_up))
    with made.parallel(2, "process") as flow:
        flow.reset_state(1)
        assert_same_stream(flow, expected)
        assert flow.stats()["workers_lost"] == 1
        assert (marks / "said").exists()
    gc.collect()
    assert not Remains.now().beyond(before)


@pytest.mark.parametrize("words", SENSELESS.values(), ids=SENSELESS.keys())
def test_a_worker_that_makes_no_sense_is_replaced(words: bytes, tmp_path: Path) -> None:
    check(words, tmp_path)


@pytest.mark.parametrize(
    "words", [b"", message(3, inline(bytes(5000)))[:-100], HEAD.pack(BEGIN, 3, 0, 1 << 40)]
)
def test_a_worker_that_hangs_up_in_the_middle_is_replaced_although_it_lives(
    words: bytes, tmp_path: Path
) -> None:
    check(words, tmp_path, then_hang_up=True)
