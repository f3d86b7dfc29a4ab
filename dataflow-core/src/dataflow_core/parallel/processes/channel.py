"""Buffers between two processes: large ones in slots, small ones through the wire."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from dataflow_core.parallel.garbled import GarbledError
from dataflow_core.parallel.processes.segment import Bytes
from dataflow_core.parallel.processes.slots import Incoming, Outgoing, Slot
from dataflow_core.parallel.processes.wire import Message

Buffer = bytes | memoryview

#: How many buffers; in which slot; how often this message found no room in one.
_COUNTS = struct.Struct("<III")
_ENTRY = struct.Struct("<QQ")

#: Stands for an offset where a buffer follows inline.
_INLINE = (1 << 64) - 1

#: Stands for a slot's number where there is none.
_NO_SLOT = (1 << 32) - 1

#: Buffers that are smaller than this together go through the wire: 64 KiB there cost about what it
#: takes to find, fill and look at a slot.
SLOT_FROM = 1 << 16

#: Buffers in a slot begin at multiples of this.
ALIGN = 64


class Sends(Protocol):
    """What a channel needs of what carries its messages."""

    def send(self, kind: int, parts: Sequence[Buffer], descriptors: Sequence[int] = ()) -> None:
        """Send a message whose body is `parts`, joined, with descriptors."""

    def close(self) -> None:
        """Let go of what it holds."""


W = TypeVar("W", bound=Sends)


class Channel(Generic[W]):
    """Sends and receives lists of buffers.

    Args:
        wire: carries the messages.
        outgoing: slots that this side fills.
        incoming: slots that the other side fills.
    """

    def __init__(self, wire: W, outgoing: Outgoing, incoming: Incoming) -> None:
        self.wire = wire
        self._outgoing = outgoing
        self._incoming = incoming
        #: Where `empty` makes arrays for the next message, and how much of it is used.
        self._reserved: Slot | None = None
        self._lent: Bytes | None = None
        self._used = 0
        #: What the last message took; so much is reserved for the next one.
        self._last_total = 0
        #: How many messages, sent or received, found no room in the slots.
        self.copied_out = 0

    def empty(self, nbytes: int) -> Bytes | None:
        """Return memory that the next message can send without a copy; None if there is none."""
        if nbytes < SLOT_FROM:
            return None
        if self._lent is None:
            self._reserved = self._outgoing.take(max(nbytes, self._last_total))
            self._used = 0
            if self._reserved is None:
                return None
            self._lent = self._reserved.lend()
        begin = _aligned(self._used)
        if begin + nbytes > self._lent.size:
            return None
        self._used = begin + nbytes
        return self._lent[begin : self._used]

    def send(self, kind: int, buffers: Sequence[Buffer]) -> None:
        """Send buffers. Those that `empty` did not make are copied once, unless they are small.

        Raises:
            ClosedError: if the other end is gone.
        """
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        copied_out = self.copied_out
        slot = self._slot_for(views)
        entries: list[bytes] = []
        inline: list[memoryview] = []
        used = 0 if self._reserved is None else self._used
        for view in views:
            offset = _INLINE
            if slot is not None and len(view) >= ALIGN:
                offset, used = _put(slot, view, used)
            if offset == _INLINE:
                inline.append(view)
            entries.append(_ENTRY.pack(len(view), offset))
        number = _NO_SLOT if slot is None else slot.number
        head = _COUNTS.pack(len(views), number, self.copied_out - copied_out)
        descriptors: list[int] = []
        if slot is not None and slot.descriptor >= 0:
            descriptors, slot.descriptor = [slot.descriptor], -1
        self._reserved, self._lent = None, None
        self.wire.send(kind, [head, b"".join(entries), *inline], descriptors)

    def buffers(self, message: Message) -> list[memoryview]:
        """Return the buffers of a message; views of slots free them when they are gone.

        Raises:
            GarbledError: if `send` of the other end did not make it.
        """
        try:
            return self._buffers(message)
        except (struct.error, LookupError, OSError) as error:
            raise GarbledError(f"{type(error).__name__}: {error}") from error
        finally:
            message.drop()

    def _buffers(self, message: Message) -> list[memoryview]:
        body = message.body
        count, number, copied_out = _COUNTS.unpack_from(body)
        table = _COUNTS.size
        inline = table + count * _ENTRY.size
        if inline > len(body):
            raise GarbledError(f"{len(body)} bytes cannot tell of {count} buffers")
        while message.descriptors:
            self._incoming.add(number, message.descriptors.pop())
        memory = None if number == _NO_SLOT else self._incoming.open(number)
        views: list[memoryview] = []
        for place in range(table, inline, _ENTRY.size):
            length, offset = _ENTRY.unpack_from(body, place)
            if offset == _INLINE:
                begin, inline = inline, inline + length
                if inline > len(body):
                    raise GarbledError(f"a buffer of {length} bytes is not there")
                views.append(memoryview(bytearray(body[begin:inline])))
            elif memory is None or offset + length > len(memory):
                raise GarbledError(f"no slot has {length} bytes at {offset}")
            else:
                views.append(memory[offset : offset + length])
        if inline != len(body):
            raise GarbledError(f"{len(body) - inline} bytes belong to no buffer")
        self.copied_out += copied_out
        return views

    def forget(self) -> None:
        """Free what `empty` made if no message used it."""
        if self._reserved is not None:
            self._outgoing.give_back(self._reserved)
            self._reserved, self._lent = None, None

    def note(self, number: int) -> None:
        """Leave a number where the other side sees it, even if this one is killed."""
        self._outgoing.note(number)

    @property
    def noted(self) -> int:
        """The number that the other side has left last; 0 before it has left any."""
        return self._incoming.noted

    def trim(self) -> None:
        """Give back the memory of slots that have not been used for a while."""
        self._outgoing.trim()

    def close(self) -> None:
        """Close wire and slots; memory that is still looked at stays until it is not."""
        self.wire.close()
        self._outgoing.close()
        self._incoming.close()

    def _slot_for(self, views: Sequence[memoryview]) -> Slot | None:
        total = sum(len(view) + ALIGN for view in views)
        if total < SLOT_FROM:
            self.forget()
            return None
        self._last_total = total
        reserved = self._reserved
        if reserved is not None:
            outside = sum(len(view) + ALIGN for view in views if not _lies_in(reserved, view))
            if _aligned(self._used) + outside <= reserved.memory.size:
                return reserved
        slot = self._outgoing.take(total)
        if slot is None:
            self.copied_out += 1
            return reserved
        # What was made in the reserved slot is copied out of it before anything fills it again.
        self.forget()
        return slot


def _put(slot: Slot, view: memoryview, used: int) -> tuple[int, int]:
    """Return (where the buffer lies in the slot, or _INLINE; how much is used then)."""
    if _lies_in(slot, view):
        return _address(view) - slot.address, used
    begin = _aligned(used)
    end = begin + len(view)
    if end > slot.memory.size:
        return _INLINE, used
    slot.memory.data[begin:end] = view
    return begin, end


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN


def _address(view: memoryview) -> int:
    address: int = np.frombuffer(view, np.uint8).__array_interface__["data"][0]
    return address


def _lies_in(slot: Slot, view: memoryview) -> bool:
    return len(view) > 0 and 0 <= _address(view) - slot.address < slot.memory.size
