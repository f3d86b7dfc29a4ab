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
from typing import ClassVar

import zmq

from dataflow_core.parallel import GarbledError, Message

Frames = Sequence["bytes | memoryview"]

#: Below this a copy is cheaper than telling ZeroMQ whose memory it is.
COPY_BELOW = 1 << 16

#: What a message means; after it, the descriptors that it brings.
_KIND = struct.Struct("<I")
_DESCRIPTOR = struct.Struct("<I")


def slots_can_be_shared() -> bool:
    """Whether a process can open what another one has open."""
    return Path("/proc/self/fd").is_dir()


class SlotWire:
    """The sending half of a channel.

    Args:
        send: sends frames.
    """

    closes_descriptors: ClassVar[bool] = False

    def __init__(self, send: Callable[[Frames], None]) -> None:
        self._send = send

    def send(
        self, kind: int, parts: Sequence[bytes | memoryview], descriptors: Sequence[int] = ()
    ) -> None:
        """Send `parts`, joined, and the numbers of descriptors."""
        head = _KIND.pack(kind) + b"".join(map(_DESCRIPTOR.pack, descriptors))
        self._send([head, b"".join(parts)])

    def close(self) -> None:
        """Do nothing: socket and descriptors are others'."""


class WorkerWire(SlotWire):
    """A worker's end.

    Args:
        socket: connected to the pool's; not owned.
        parent: number of the pool's process.
    """

    def __init__(self, socket: zmq.Socket[bytes], parent: int) -> None:
        super().__init__(self._send_frames)
        self._socket = socket
        self._parent = parent

    def _send_frames(self, frames: Frames) -> None:
        self._socket.send_multipart(frames, copy=False, copy_threshold=COPY_BELOW)

    def receive(self) -> Message:
        """Wait for the next message."""
        return received(self._socket.recv_multipart(copy=False), self._parent)

    def waiting(self) -> bool:
        """Return whether `receive` would find something right away."""
        return bool(self._socket.poll(0))


def received(frames: Sequence[zmq.Frame], sender: int) -> Message:
    """Return what `SlotWire.send` of the process `sender` sent.

    Raises:
        GarbledError: if it sent something else, or is gone together with what it had open.
    """
    descriptors: list[int] = []
    try:
        head, body = frames
        (kind,) = _KIND.unpack_from(head.buffer)
        for (number,) in _DESCRIPTOR.iter_unpack(head.buffer[_KIND.size :]):
            path = f"/proc/{sender}/fd/{number}"
            descriptors.append(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except (ValueError, struct.error, OSError) as error:
        Message(0, memoryview(b""), descriptors).drop()
        raise GarbledError(f"{type(error).__name__}: {error}") from error
    return Message(kind, body.buffer, descriptors)
