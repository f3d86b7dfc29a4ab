"""Slots of shared memory beside a ZeroMQ socket.

ZeroMQ carries no descriptors, so a message names those of its sender, and the receiver opens them
by way of /proc, as a parent and its own children may. Where there is no /proc no slots are used,
and everything travels through the socket.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import zmq

from dataflow_core.parallel import Message

Frames = Sequence["bytes | memoryview"]

_DESCRIPTOR = struct.Struct("<I")


def slots_can_be_shared() -> bool:
    """Whether a process can open what another one has open."""
    return Path("/proc/self/fd").is_dir()


class SlotWire:
    """The sending half of a channel.

    Args:
        what: the first frame of its messages.
        send: sends frames.
    """

    def __init__(self, what: bytes, send: Callable[[Frames], None]) -> None:
        self._what = what
        self._send = send
        #: Open for as long as the other side may still want to open them.
        self._descriptors: list[int] = []

    def send(
        self, kind: int, parts: Sequence[bytes | memoryview], descriptors: Sequence[int] = ()
    ) -> None:
        """Send `parts`, joined, and the numbers of descriptors, which are kept open."""
        del kind
        self._descriptors += descriptors
        numbers = b"".join(map(_DESCRIPTOR.pack, descriptors))
        self._send([self._what, numbers, b"".join(parts)])

    def close(self) -> None:
        """Close the descriptors."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()


def received(frames: Sequence[zmq.Frame], sender: int) -> Message:
    """Return what `SlotWire.send` of the process `sender` sent.

    Args:
        frames: those after the first.
        sender: number of the process.
    """
    numbers, body = frames
    descriptors = [
        os.open(f"/proc/{sender}/fd/{number}", os.O_RDWR | os.O_CLOEXEC)
        for (number,) in _DESCRIPTOR.iter_unpack(numbers.buffer)
    ]
    return Message(0, body.buffer, descriptors)
