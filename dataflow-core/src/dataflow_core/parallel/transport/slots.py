"""Slots: pieces of shared memory that one side fills and the other side looks at.

Each slot is a segment of its own, mapped once by either side and used again and again. Whether it
is taken is one byte in a segment of flags that both sides map: the sender sets it before it
fills the slot, the receiver clears it when the last view of the contents is gone, from whatever
thread that happens in. No message has to say so.

    flag = 1 from `Outgoing.take` to the collection of the last array over `Incoming.open`

After a burst, slots that nobody needs any more go back to the system: now and then the sender
looks which ones it has not used since it looked before.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from dataflow_core.parallel.transport.segment import (
    Bytes,
    create_segment,
    discard,
    map_segment,
    view_of,
)

#: Both sides can have so many slots in each direction; more than any window asks for.
MAX_SLOTS = 4096

#: From so many slots on, one that has become too small makes way for a larger one.
PLENTY = 16

#: What a flag may say; a number that is retired waits for another slot to have it.
FREE, TAKEN, RETIRED = 0, 1, 2

#: After the flags there is a number that the sender may write for the receiver to see, even when
#: the sender was killed.
_NOTE = np.dtype(np.int64)
FLAGS_BYTES = MAX_SLOTS + _NOTE.itemsize

_FREE, _RETIRED = bytes([FREE]), bytes([RETIRED])

#: Slots grow in steps of this factor, so that results of similar sizes share them.
GROWTH = 1.25

PAGE = mmap.PAGESIZE

#: After so many messages slots are looked through for those that are not needed any more. More
#: than are under way at once, so that one that takes its turn is not taken for one of these.
TRIM_EVERY = 128


@dataclass(eq=False)
class Slot:
    """A slot as its sender sees it.

    Attributes:
        number: index of its flag.
        descriptor: of its segment, for as long as it may have to be opened; then -1.
        memory: (size,) uint8.
        known: whether the other side has been told the descriptor.
        used: how many slots had been taken when this one was, last.
        address: where `memory` begins in this process.
    """

    number: int
    descriptor: int
    memory: Bytes
    used: int = 0
    known: bool = False

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

    def close(self) -> None:
        """Close the descriptor; the memory stays."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Outgoing:
    """The slots that this side fills.

    Args:
        flags: (FLAGS_BYTES,) uint8, shared with the other side.
        limit_bytes: how much memory the slots may take together; None is without bound.
    """

    def __init__(self, flags: Bytes, limit_bytes: int | None) -> None:
        self._flags, self._note = _flags_and_note(flags)
        self._limit = limit_bytes
        #: By number; None where that is retired.
        self._slots: list[Slot | None] = []
        self._bytes = 0
        self._takes = 0
        self._takes_at_trim = 0

    def note(self, number: int) -> None:
        """Write a number for the other side to see."""
        self._note[0] = number

    def take(self, size: int) -> Slot | None:
        """Return a free slot of at least `size` bytes, taken now; None if there is no room."""
        self._takes += 1
        if self._takes - self._takes_at_trim >= TRIM_EVERY:
            self.trim()
        best: Slot | None = None
        for slot in self._free():
            if slot.memory.size >= size and (best is None or slot.memory.size < best.memory.size):
                best = slot
        if best is not None and best.known:
            best.close()  # Whoever has freed it has it open.
        if best is None:
            best = self._grow(size)
        if best is not None:
            best.used = self._takes
            self._flags[best.number] = TAKEN
        return best

    def trim(self) -> None:
        """Give back the memory of slots that nobody has needed since this was called before."""
        for slot in self._free():
            if slot.used <= self._takes_at_trim:
                self._let_go(slot)
                discard(slot.memory)
                self._slots[slot.number] = None
                self._flags[slot.number] = RETIRED
        self._takes_at_trim = self._takes

    def _free(self) -> Iterator[Slot]:
        # Thousands may be taken, by who keeps all: looking at each would cost more than the work.
        flags = self._flags[: len(self._slots)].tobytes()
        number = flags.find(_FREE)
        while number >= 0:
            slot = self._slots[number]
            if slot is not None and not slot.lent:
                yield slot
            number = flags.find(_FREE, number + 1)

    def give_back(self, slot: Slot) -> None:
        """Free a slot that was taken but not sent."""
        self._flags[slot.number] = FREE

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
        if number == len(self._slots):
            self._slots.append(slot)
        else:
            before, self._slots[number] = self._slots[number], slot
            if before is not None:
                self._let_go(before)
        self._bytes += size
        return slot

    def _number_for(self, size: int) -> int | None:
        """Return the number of a new slot, or of a free one that makes room for it."""
        within = self._limit is None or self._bytes + size <= self._limit
        number = self._flags[: len(self._slots)].tobytes().find(_RETIRED)
        unused = len(self._slots) if number < 0 else number
        if within and unused < PLENTY:
            return unused
        for slot in self._free():
            smaller = self._limit is None or self._bytes - slot.memory.size + size <= self._limit
            if slot.memory.size < size and smaller:
                return slot.number
        return unused if within and unused < MAX_SLOTS else None

    def _let_go(self, slot: Slot) -> None:
        self._bytes -= slot.memory.size
        slot.close()

    def close(self) -> None:
        """Close what descriptors are open; the memory goes with its last array."""
        for slot in self._slots:
            if slot is not None:
                self._let_go(slot)
        self._slots.clear()


class Incoming:
    """The slots that the other side fills.

    Args:
        flags: (FLAGS_BYTES,) uint8, shared with the other side.
    """

    def __init__(self, flags: Bytes) -> None:
        self._flags, self._note = _flags_and_note(flags)
        self._memory: dict[int, Bytes] = {}
        #: Of what is looked at, by slot; each frees its slot when that is gone.
        self._leases: dict[int, weakref.ref[Bytes]] = {}
        self._owner = os.getpid()

    @property
    def noted(self) -> int:
        """The number that the other side wrote last; 0 before it wrote any."""
        return int(self._note[0])

    def add(self, number: int, descriptor: int) -> None:
        """Map the segment of a slot, instead of the one it had before, and close `descriptor`.

        Raises:
            IndexError: if there can be no such slot.
            OSError: if it cannot be mapped.
        """
        try:
            self._flags[number]
            self._memory[number] = map_segment(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def open(self, number: int) -> memoryview:
        """Return the memory of a slot; the slot is free again when all views of it are gone.

        Raises:
            KeyError: if there is no such slot.
        """
        lease = view_of(self._memory[number])
        # Not weakref.finalize, which takes ten times as long.
        self._leases[number] = weakref.ref(lease, partial(self._free, number))
        return lease.data

    def _free(self, number: int, _lease: weakref.ref[Bytes]) -> None:
        # A fork has copies of the views, and what it drops may still be in use where it came from.
        if os.getpid() == self._owner:
            self._flags[number] = FREE

    def close(self) -> None:
        """Forget the slots; memory that is still looked at stays until it is not."""
        self._memory.clear()


def _flags_and_note(flags: Bytes) -> tuple[Bytes, npt.NDArray[np.int64]]:
    return flags[:MAX_SLOTS], flags[MAX_SLOTS:].view(_NOTE)


def create_flags() -> tuple[int, Bytes]:
    """Return a descriptor and the memory of new flags, all free."""
    descriptor = create_segment(FLAGS_BYTES)
    return descriptor, map_segment(descriptor, FLAGS_BYTES)


def map_flags(descriptor: int) -> Bytes:
    """Return the memory of the other side's flags, and close `descriptor`."""
    try:
        return map_segment(descriptor, FLAGS_BYTES)
    finally:
        os.close(descriptor)
