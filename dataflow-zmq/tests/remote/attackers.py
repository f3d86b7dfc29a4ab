"""Strangers at a port: some know nothing of ZeroMQ, some do, and some have listened in."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import zmq
from meanwhile import Meanwhile

from dataflow_core.codec import encode
from dataflow_zmq.remote.wire.headers import PREFIX

Frames: TypeAlias = "list[bytes]"

#: Connections that are held open at a time, and bytes that one message of garbage may have.
MAX_OPEN = 40
MAX_GARBAGE_BYTES = 1 << 22

_GREETING = (
    b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
)
_READY_BODY = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
_READY = b"\x04" + bytes([len(_READY_BODY)]) + _READY_BODY


class Canary:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self._path,)


class Attack(Meanwhile):
    """A stranger who bothers a port; subclasses say how."""

    def __init__(self, port: int, seed: int, canary: str) -> None:
        super().__init__()
        self.times = 0
        self._port = port
        self._random = random.Random(seed)
        self._pickles = [pickle.dumps(Canary(canary), protocol) for protocol in (0, 2, 5)]


class Bytes(Attack):
    """Sends what is no ZeroMQ, what begins like it, and frames that promise too much."""

    def _run(self) -> None:
        held: list[socket.socket] = []
        while not self._stop.wait(0.005):
            self.times += 1
            # The other side may have had enough at any point.
            with contextlib.suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=1)
                held.append(connection)
                connection.sendall(self._garbage())
            if len(held) >= MAX_OPEN or self._random.random() < 0.5:
                for connection in held:
                    connection.close()
                held.clear()
        for connection in held:
            connection.close()

    def _garbage(self) -> bytes:
        source = self._random
        noise = source.randbytes(source.choice([1, 10, 64, 1000, 100_000]))
        hello = _GREETING + _READY
        return source.choice(
            [
                noise,
                b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                self._pickles[0],
                _GREETING[: source.randrange(1, len(_GREETING))],
                _GREETING + noise,
                _GREETING.replace(b"NULL\0", b"CURVE") + noise,
                _GREETING.replace(b"NULL\0", b"PLAIN") + noise,
                hello + noise,
                # Frames that announce more than there is, and than there can be.
                *(
                    hello + flags + struct.pack(">Q", size) + noise
                    for flags in (b"\x02", b"\x03")
                    for size in (1 << 25, 1 << 33, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)
                ),
                # Parts without end, and a message of very many.
                hello + b"\x01\x00" * 20_000,
                hello + b"\x01\x04DFR\x01" * 5_000 + b"\x00\x00",
            ]
        )


class Messages(Attack):
    """Speaks ZeroMQ, and sends messages of noise, of the codec, and pickles."""

    def _run(self) -> None:
        with zmq.Context() as context:
            while not self._stop.is_set():
                with context.socket(zmq.DEALER) as stranger:
                    stranger.linger = 0
                    stranger.sndtimeo = stranger.rcvtimeo = 50
                    stranger.connect(f"tcp://127.0.0.1:{self._port}")
                    for _ in range(self._random.randrange(1, 100)):
                        if self._stop.wait(0.002):
                            return
                        self.times += 1
                        with contextlib.suppress(zmq.Again):
                            stranger.send_multipart(self._message())

    def _message(self) -> Frames:
        source = self._random
        noise = source.randbytes(source.choice([0, 1, 4, 5, 100, 10_000]))
        (value,) = encode(self._value())
        return source.choice(
            [
                [noise],
                [b"", noise],
                [noise] * source.randrange(1, 2_000),
                [PREFIX + noise],
                [PREFIX + value],
                [PREFIX[:-1] + b"\x02" + value],
                [PREFIX + value, noise, value],
                [PREFIX + value] + [b""] * 3_000,
                [PREFIX + bytes(MAX_GARBAGE_BYTES)],
                # Containers inside one another, and containers that announce very many items.
                [PREFIX + b"\x91" * 100_000],
                [PREFIX + b"\xdd\xff\xff\xff\xff"],
                [PREFIX + b"\x95\x01\xc6\xff\xff\xff\xff"],
                *([dump] for dump in self._pickles),
                *([PREFIX + dump] for dump in self._pickles),
                *([PREFIX + value, dump] for dump in self._pickles),
            ]
        )

    def _value(self) -> object:
        source = self._random
        ids = [source.randbytes(16), bytes(16), source.randbytes(3), "x", None]
        numbers = [0, 1, -1, 255, 1 << 61, 1 << 63, 1 << 300, 0.5, True]
        items: list[object] = [source.randrange(8)]
        for _ in range(source.randrange(12)):
            items.append(
                source.choice(
                    [
                        source.choice(ids),
                        source.choice(numbers),
                        (),
                        (source.choice(numbers), source.choice(numbers)),
                        ((1, 2), (3, source.choice(numbers))),
                        tuple(range(5000)),
                        {"key": "value"},
                    ]
                )
            )
        return tuple(items)


class Replays(Attack):
    """Has listened in on another pair: sends what it heard again, as it was and mutilated.

    Args:
        port: whom to bother.
        seed: of what it sends.
        canary: see `Canary`.
        heard: messages that were sent to a side of this kind; more may come.
    """

    def __init__(self, port: int, seed: int, canary: str, heard: Sequence[Frames]) -> None:
        super().__init__(port, seed, canary)
        self._heard = heard

    def _run(self) -> None:
        with zmq.Context() as context:
            while not self._stop.wait(0.02):
                with context.socket(zmq.DEALER) as stranger:
                    stranger.linger = 0
                    stranger.sndtimeo = 50
                    stranger.connect(f"tcp://127.0.0.1:{self._port}")
                    for message in self._again():
                        if self._stop.wait(0.002):
                            return
                        self.times += 1
                        with contextlib.suppress(zmq.Again):
                            stranger.send_multipart(message)

    def _again(self) -> Iterator[Frames]:
        source = self._random
        heard = [*self._heard]
        for frames in source.sample(heard, min(50, len(heard))):
            yield frames
            for _ in range(3):
                yield self._mutilated(frames)

    def _mutilated(self, frames: Frames) -> Frames:
        source = self._random
        changed = [bytearray(frame) for frame in frames]
        which = source.choice(changed)
        way = source.randrange(6)
        if way == 0 and which:
            which[source.randrange(len(which))] ^= 1 << source.randrange(8)
        elif way == 1:
            del which[source.randrange(len(which) + 1) :]
        elif way == 2:
            which += source.randbytes(10)
        elif way == 3:
            changed.append(bytearray(source.randbytes(100)))
        elif way == 4:
            changed.pop()
        else:
            source.shuffle(changed)
        return [bytes(frame) for frame in changed] or [b""]
