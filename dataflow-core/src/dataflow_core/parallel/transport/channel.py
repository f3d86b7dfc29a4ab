"""Buffers between two processes: large ones in slots, small ones through the wire."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from dataflow_core.parallel.transport.garbled import GarbledError
from dataflow_core.parallel.transport.segment import Bytes
from dataflow_core.parallel.transport.slots import Incoming, Outgoing, Slot
from dataflow_core.parallel.transport.wire import MAX_DESCRIPTORS, Message

Buffer = bytes | memoryview

#: How many buffers; how many slots they lie in; how often this message found no room in one.
_COUNTS = struct.Struct("<III")

#: A slot's number, and whether its descriptor comes with this message.
_SLOT = struct.Struct("<II")

#: A buffer's bytes, where it begins, and in which of the message's slots.
_BUFFER = struct.Struct("<QQI")

#: Stands for a slot where a buffer follows in the message itself.
_INLINE = (1 << 32) - 1

#: Buffers that are smaller than this together go through the wire: 64 KiB there cost about what it
#: takes to find, fill and look at a slot.
SLOT_FROM = 1 << 16

#: Buffers in a slot begin at multiples of this.
ALIGN = 64

#: What is larger has a slot of its own, so that who keeps it keeps the memory of nothing else.
SHARED_UP_TO = 1 << 20

#: One slot is for what was made elsewhere.
MAX_RESERVED = MAX_DESCRIPTORS - 1


class Sends(Protocol):
    """What a channel needs of what carries its messages."""

    #: Whether `send` closes the descriptors; otherwise they stay open for the other side to find.
    closes_descriptors: ClassVar[bool]

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
        #: Where `empty` has made arrays for the next message; the last one may have room for more.
        self._reserved: list[Slot] = []
        self._lent: Bytes | None = None
        self._used = 0
        #: What the last message took in slots, as far as they may be shared.
        self._last_total = 0
        #: How many messages, sent or received, found no room in the slots.
        self.copied_out = 0

    def empty(self, nbytes: int) -> Bytes | None:
        """Return memory that the next message can send without a copy; None if there is none."""
        if nbytes < SLOT_FROM:
            return None
        begin = _aligned(self._used)
        if self._lent is None or begin + nbytes > self._lent.size:
            if len(self._reserved) == MAX_RESERVED:
                return None
            slot = self._outgoing.take(max(nbytes, self._last_total))
            if slot is None:
                return None
            self._reserved.append(slot)
            self._lent, begin = slot.lend(), 0
        self._used = begin + nbytes
        return self._lent[begin : self._used]

    def send(self, kind: int, buffers: Sequence[Buffer]) -> None:
        """Send buffers. Those that `empty` did not make are copied once, unless they are small.

        Raises:
            ClosedError: if the other end is gone.
        """
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        copied_out = self.copied_out
        places: Sequence[_Place | None] = [None] * len(views)
        used: Sequence[Slot] = ()
        if self._reserved or sum(map(len, views)) >= SLOT_FROM:
            places, used = self._placed(views)
        numbers = {slot.number: at for at, slot in enumerate(used)}
        slots = [_SLOT.pack(slot.number, not slot.known) for slot in used]
        table: list[bytes] = []
        inline: list[memoryview] = []
        for view, place in zip(views, places):
            if place is None:
                inline.append(view)
                table.append(_BUFFER.pack(len(view), 0, _INLINE))
            else:
                slot, offset = place
                table.append(_BUFFER.pack(len(view), offset, numbers[slot.number]))
        head = _COUNTS.pack(len(views), len(used), self.copied_out - copied_out)
        self.wire.send(kind, [head, *slots, *table, *inline], self._news_of(used))

    def _news_of(self, slots: Sequence[Slot]) -> list[int]:
        """Return the descriptors that the other side does not have."""
        new = [slot for slot in slots if not slot.known]
        descriptors = [slot.descriptor for slot in new]
        for slot in new:
            slot.known = True
            if self.wire.closes_descriptors:
                slot.descriptor = -1
        return descriptors

    def _placed(self, views: Sequence[memoryview]) -> tuple[list[_Place | None], list[Slot]]:
        """Return where in slots each buffer lies, and the slots; None for what lies in none."""
        filling = _Filling(self._reserved, self._used)
        places = [filling.where(view) for view in views]
        # Tiny ones are part of the message, whatever the others are.
        movable = [place is None and len(view) >= ALIGN for view, place in zip(views, places)]
        elsewhere = sum(len(view) + ALIGN for view, moves in zip(views, movable) if moves)
        if elsewhere >= SLOT_FROM and not filling.has_room(elsewhere):
            slot = self._outgoing.take(elsewhere)
            if slot is None:
                self.copied_out += 1
            else:
                filling.add(slot)
        if elsewhere >= SLOT_FROM and filling.has_room(elsewhere):
            places = [
                filling.put(view) if moves else place
                for view, place, moves in zip(views, places, movable)
            ]
        self._last_total = min(SHARED_UP_TO, filling.nbytes)
        used = filling.used_slots()
        self.forget(but=used)
        return places, used

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
        count, slots, copied_out = _COUNTS.unpack_from(body)
        at = _COUNTS.size + slots * _SLOT.size
        inline = at + count * _BUFFER.size
        if inline > len(body) or slots > MAX_DESCRIPTORS:
            raise GarbledError(f"{len(body)} bytes cannot tell of {count} buffers, {slots} slots")
        memory: list[memoryview] = []
        for number, is_new in _SLOT.iter_unpack(body[_COUNTS.size : at]):
            if is_new:
                self._incoming.add(number, message.descriptors.pop(0))
            memory.append(self._incoming.open(number))
        views: list[memoryview] = []
        for length, offset, slot in _BUFFER.iter_unpack(body[at:inline]):
            if slot == _INLINE:
                begin, inline = inline, inline + length
                if inline > len(body):
                    raise GarbledError(f"a buffer of {length} bytes is not there")
                views.append(memoryview(bytearray(body[begin:inline])))
            elif offset + length > len(memory[slot]):
                raise GarbledError(f"no slot has {length} bytes at {offset}")
            else:
                views.append(memory[slot][offset : offset + length])
        if inline != len(body):
            raise GarbledError(f"{len(body) - inline} bytes belong to no buffer")
        self.copied_out += copied_out
        return views

    def forget(self, but: Sequence[Slot] = ()) -> None:
        """Free what `empty` made, except for slots that a message has used."""
        for slot in self._reserved:
            if slot not in but:
                self._outgoing.give_back(slot)
        self._reserved, self._lent, self._used = [], None, 0

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


#: A slot, and where in it something begins.
_Place: TypeAlias = "tuple[Slot, int]"


class _Filling:
    """The slots of a message that is about to be sent.

    Args:
        reserved: those that hold something already.
        used: how much of the last one.
    """

    def __init__(self, reserved: Sequence[Slot], used: int) -> None:
        self._slots = [*reserved]
        self._used = used
        self._holding: dict[int, Slot] = {}
        #: Of all that lies in the slots.
        self.nbytes = 0

    def where(self, view: memoryview) -> _Place | None:
        """Return where a buffer lies, if it lies in one of the slots."""
        if not self._slots or len(view) < SLOT_FROM:
            return None
        address: int = np.frombuffer(view, np.uint8).__array_interface__["data"][0]
        for slot in self._slots:
            if 0 <= address - slot.address < slot.memory.size:
                return self._noted(slot, address - slot.address, len(view))
        return None

    def has_room(self, nbytes: int) -> bool:
        """Whether the last slot has room for so much more."""
        return bool(self._slots) and _aligned(self._used) + nbytes <= self._slots[-1].memory.size

    def add(self, slot: Slot) -> None:
        """Add an empty slot."""
        self._slots.append(slot)
        self._used = 0

    def put(self, view: memoryview) -> _Place:
        """Copy a buffer into the last slot, which has room for it."""
        slot, begin = self._slots[-1], _aligned(self._used)
        self._used = begin + len(view)
        slot.memory.data[begin : self._used] = view
        return self._noted(slot, begin, len(view))

    def used_slots(self) -> list[Slot]:
        """Return the slots in which something lies."""
        return [*self._holding.values()]

    def _noted(self, slot: Slot, offset: int, nbytes: int) -> _Place:
        self._holding[slot.number] = slot
        self.nbytes += nbytes + ALIGN
        return slot, offset


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN
