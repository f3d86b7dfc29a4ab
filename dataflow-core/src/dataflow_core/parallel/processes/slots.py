"""Slots: pieces of shared memory that one side fills and the other side looks at.

Each slot is a segment of its own, mapped once by either side and used again and again. Whether it
is taken is one byte in a segment of flags that both sides map: the sender sets it before it
fills the slot, the receiver clears it when the last view of the contents is gone, from whatever
thread that happens in. No message has to say so.

    flag = 1 from `Outgoing.take` to the collection of the last array over `Incoming.open`
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass

from dataflow_core.parallel.processes.segment import (
    Bytes,
    create_segment,
    map_segment,
    view_of,
)

#: Both sides can have so many slots in each direction; more than any window asks for.
MAX_SLOTS = 4096

#: From so many slots on, one that has become too small makes way for a larger one.
PLENTY = 16

FREE, TAKEN = 0, 1

#: Slots grow in steps of this factor, so that results of similar sizes share them.
GROWTH = 1.25

PAGE = 4096


@dataclass(eq=False)
class Slot:
    """A slot as its sender sees it.

    Attributes:
        number: index of its flag.
        descriptor: of its segment, until the other side has it too; then -1.
        memory: (size,) uint8.
        address: where `memory` begins in this process.
    """

    number: int
    descriptor: int
    memory: Bytes

    def __post_init__(self) -> None:
        self.address: int = self.memory.__array_interface__["data"][0]
        self._lent: weakref.ref[Bytes] | None = None

    def lend(self) -> Bytes:
        """Return the memory as an array; until its last view is gone, the slot is not taken."""
        lent = view_of(self.memory)
        self._lent = weakref.ref(lent)
        return lent

    @property
    def lent(self) -> bool:
        """Whether something in this process still looks at what `lend` returned."""
        return self._lent is not None and self._lent() is not None


class Outgoing:
    """The slots that this side fills.

    Args:
        flags: (MAX_SLOTS,) uint8, shared with the other side.
        limit_bytes: how much memory the slots may take together; None is without bound.
    """

    def __init__(self, flags: Bytes, limit_bytes: int | None) -> None:
        self._flags = flags
        self._limit = limit_bytes
        self._slots: list[Slot] = []
        self._bytes = 0

    def take(self, size: int) -> Slot | None:
        """Return a free slot of at least `size` bytes, taken now; None if there is no room."""
        best: Slot | None = None
        for slot in self._slots:
            fits = slot.memory.size >= size and self._is_free(slot)
            if fits and (best is None or slot.memory.size < best.memory.size):
                best = slot
        if best is None:
            best = self._grow(size)
        if best is not None:
            self._flags[best.number] = TAKEN
        return best

    def give_back(self, slot: Slot) -> None:
        """Free a slot that was taken but not sent."""
        self._flags[slot.number] = FREE

    def _is_free(self, slot: Slot) -> bool:
        return bool(self._flags[slot.number] == FREE) and not slot.lent

    def _grow(self, size: int) -> Slot | None:
        size = -(-int(size * GROWTH) // PAGE) * PAGE
        number = self._number_for(size)
        if number is None:
            return None
        try:
            descriptor = create_segment(size)
        except OSError:
            return None
        try:
            memory = map_segment(descriptor, size)
        except OSError:
            os.close(descriptor)
            return None
        slot = Slot(number, descriptor, memory)
        if number < len(self._slots):
            self._slots[number] = slot
        else:
            self._slots.append(slot)
        self._bytes += size
        return slot

    def _number_for(self, size: int) -> int | None:
        """Return the number of a new slot, or of a free one that makes room for it."""
        within = self._limit is None or self._bytes + size <= self._limit
        if within and len(self._slots) < PLENTY:
            return len(self._slots)
        for slot in self._slots:
            smaller = self._limit is None or self._bytes - slot.memory.size + size <= self._limit
            if self._is_free(slot) and slot.memory.size < size and smaller:
                self._bytes -= slot.memory.size
                if slot.descriptor >= 0:
                    os.close(slot.descriptor)
                return slot.number
        return len(self._slots) if within and len(self._slots) < MAX_SLOTS else None

    def close(self) -> None:
        """Close descriptors that never travelled; the memory goes with its last array."""
        for slot in self._slots:
            if slot.descriptor >= 0:
                os.close(slot.descriptor)
        self._slots.clear()


class Incoming:
    """The slots that the other side fills.

    Args:
        flags: (MAX_SLOTS,) uint8, shared with the other side.
    """

    def __init__(self, flags: Bytes) -> None:
        self._flags = flags
        self._memory: dict[int, Bytes] = {}
        self._owner = os.getpid()

    def add(self, number: int, descriptor: int) -> None:
        """Map the segment of a slot, instead of the one it had before, and close `descriptor`."""
        try:
            self._memory[number] = map_segment(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def open(self, number: int) -> memoryview:
        """Return the memory of a slot; the slot is free again when all views of it are gone."""
        lease = view_of(self._memory[number])
        weakref.finalize(lease, self._free, number).atexit = False
        return lease.data

    def _free(self, number: int) -> None:
        # A fork has copies of the views, and what it drops may still be in use where it came from.
        if os.getpid() == self._owner:
            self._flags[number] = FREE

    def close(self) -> None:
        """Forget the slots; memory that is still looked at stays until it is not."""
        self._memory.clear()


def create_flags() -> tuple[int, Bytes]:
    """Return a descriptor and the memory of new flags, all free."""
    descriptor = create_segment(MAX_SLOTS)
    return descriptor, map_segment(descriptor, MAX_SLOTS)


def map_flags(descriptor: int) -> Bytes:
    """Return the memory of the other side's flags, and close `descriptor`."""
    try:
        return map_segment(descriptor, MAX_SLOTS)
    finally:
        os.close(descriptor)
