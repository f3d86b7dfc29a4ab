"""A slot is used again when nobody looks at it any more, and not before."""

from __future__ import annotations

import gc
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.parallel.transport import slots as slots_module
from dataflow_core.parallel.transport.segment import create_segment, map_segment
from dataflow_core.parallel.transport.slots import FREE, TAKEN, Incoming, Outgoing, create_flags
from dataflow_core.testing import Remains

PAGE = 4096


@dataclass
class Pair:
    """Both sides of one direction, in one process."""

    limit: int | None = None
    descriptors: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        descriptor, self.flags = create_flags()
        os.close(descriptor)
        self.outgoing = Outgoing(self.flags, self.limit)
        self.incoming = Incoming(self.flags)

    def sent(self, value: int, size: int) -> Any:
        """Fill a slot and return what the other side sees; None if there was no room."""
        slot = self.outgoing.take(size)
        if slot is None:
            return None
        slot.memory[:size] = value
        if slot.descriptor >= 0:
            self.incoming.add(slot.number, slot.descriptor)
            slot.descriptor = -1
        return np.frombuffer(self.incoming.open(slot.number)[:size], np.uint8)

    def close(self) -> None:
        self.outgoing.close()
        self.incoming.close()

    @property
    def taken(self) -> int:
        return int((self.flags == TAKEN).sum())


#: How a consumer comes by other views of what it was given.
VIEWS = {
    "itself": lambda array: array,
    "a slice": lambda array: array[10:20],
    "a slice of a slice": lambda array: array[10:90][5:7],
    "another shape": lambda array: array[:100].reshape(10, 10),
    "another dtype": lambda array: array[:80].view(np.float32),
    "transposed": lambda array: array[:100].reshape(10, 10).T,
    "a memoryview": lambda array: array.data,
    "a memoryview of a view": lambda array: memoryview(array[3:9])[1:],
    "ndarray over the buffer": lambda array: np.ndarray((10,), np.uint8, array.data),
    "frombuffer": lambda array: np.frombuffer(array, np.uint8),
    "asarray of the interface": lambda array: np.asarray(memoryview(array)),
    "broadcast": lambda array: np.broadcast_to(array[:10], (3, 10)),
    "iterator": lambda array: array.flat,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_slot_stays_taken_until_the_last_view_of_any_kind_is_gone(view: Any) -> None:
    pair = Pair()
    array = pair.sent(7, 5000)
    seen = view(array)
    del array
    assert pair.taken == 1
    other = pair.sent(9, 5000)
    assert pair.taken == 2
    assert set(np.frombuffer(other, np.uint8).tolist()) == {9}
    del seen
    assert pair.taken == 1
    del other
    assert pair.taken == 0
    pair.close()


def test_a_copy_holds_nothing() -> None:
    pair = Pair()
    array = pair.sent(7, 5000).copy()
    assert pair.taken == 0
    pair.close()
    assert (array == 7).all()


def test_a_view_may_be_dropped_by_any_thread() -> None:
    pair = Pair()
    kept = [pair.sent(value, 5000) for value in range(20)]
    assert pair.taken == 20
    threads = [threading.Thread(target=kept.pop) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert pair.taken == 0
    pair.close()


def test_views_in_a_cycle_are_freed_by_the_collector() -> None:
    pair = Pair()
    cycle: list[Any] = [pair.sent(1, 5000)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert pair.taken == 0
    pair.close()


def test_slots_that_are_free_are_used_again() -> None:
    pair = Pair()
    for value in range(50):
        array = pair.sent(value, 5000)
        assert (array == value).all()
        del array
    assert len(pair.outgoing._slots) == 1
    pair.close()


def test_results_that_outgrow_their_slots_do_not_pile_up() -> None:
    pair = Pair()
    for value in range(200):
        assert pair.sent(value, 5000 + 3000 * value)[-1] == value
    assert pair.taken == 0
    assert len(pair.outgoing._slots) <= 30
    pair.close()


def test_memory_stays_below_the_limit_and_comes_back() -> None:
    limit = 64 * PAGE
    pair = Pair(limit)
    kept = []
    while (array := pair.sent(len(kept), 6 * PAGE)) is not None:
        kept.append(array)
    assert 1 < len(kept) <= limit // (6 * PAGE)
    assert pair.outgoing._bytes <= limit
    for value, array in enumerate(kept):
        assert (array == value).all()
    del array
    kept.clear()
    # One that is larger than all that are free takes the place of one, if that makes room.
    assert pair.sent(1, 40 * PAGE) is None or pair.outgoing._bytes <= limit
    assert pair.sent(1, limit + 1) is None
    assert pair.sent(1, 6 * PAGE) is not None
    pair.close()


@given(
    st.lists(st.tuples(st.integers(1, 40 * PAGE), st.integers(0, 5)), max_size=60),
    st.none() | st.integers(0, 100 * PAGE),
)
def test_what_is_kept_never_changes(steps: list[tuple[int, int]], limit: int | None) -> None:
    pair = Pair(limit)
    kept: list[tuple[int, Any]] = []
    for value, (size, keep) in enumerate(steps):
        value %= 256
        array = pair.sent(value, size)
        if array is not None:
            assert array.size == size
            kept.append((value, array))
        del array
        del kept[: max(0, len(kept) - keep)]
        assert limit is None or pair.outgoing._bytes <= limit
        assert pair.taken == len(kept)
        assert all((one == expected).all() for expected, one in kept)
    pair.close()


def test_what_is_lent_here_is_not_taken_again_although_the_other_side_is_done() -> None:
    pair = Pair()
    slot = pair.outgoing.take(5000)
    assert slot is not None
    mine = slot.lend()[100:200]
    pair.flags[slot.number] = FREE
    other = pair.outgoing.take(5000)
    assert other is not slot
    del mine
    pair.flags[slot.number] = FREE
    assert pair.outgoing.take(5000) is slot
    pair.close()


def test_no_descriptor_is_open_while_memory_is_looked_at() -> None:
    before = Remains.now().descriptors
    pair = Pair()
    kept = [pair.sent(value % 256, 5000) for value in range(300)]
    after = Remains.now().descriptors
    assert after == before
    assert all((array == value % 256).all() for value, array in enumerate(kept))
    pair.close()


def test_a_descriptor_that_was_only_told_is_closed_when_the_other_side_has_opened_it() -> None:
    """As of ZeroMQ's workers, which cannot send descriptors: else they would pile up."""
    before = Remains.now().descriptors
    pair = Pair()
    for _ in range(20):
        kept = []
        for _ in range(30):
            slot = pair.outgoing.take(5000)
            assert slot is not None
            if not slot.known:
                pair.incoming.add(slot.number, os.dup(slot.descriptor))
                slot.known = True
            kept.append(pair.incoming.open(slot.number))
        del kept
        # All have to be taken once more to show that they were freed.
        again = [pair.outgoing.take(5000) for _ in range(30)]
        assert len({slot.number for slot in again if slot is not None}) == 30
        during = Remains.now().descriptors
        assert during == before
        for slot in again:
            assert slot is not None
            pair.outgoing.give_back(slot)
        pair.outgoing.trim()
        pair.outgoing.trim()
    pair.close()


def test_descriptors_that_never_travelled_are_closed() -> None:
    before = Remains.now().descriptors
    pair = Pair()
    for _ in range(5):
        pair.outgoing.take(5000)
    pair.close()
    after = Remains.now().descriptors
    assert after == before


def test_where_the_system_has_no_room_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> Any:
        raise OSError(12, "no room")

    for broken in ("create_segment", "map_segment"):
        with monkeypatch.context() as patch:
            patch.setattr(slots_module, broken, fail)
            pair = Pair.__new__(Pair)
            pair.flags = np.zeros(slots_module.MAX_SLOTS, np.uint8)
            outgoing = Outgoing(pair.flags, None)
            before = Remains.now().descriptors
            assert outgoing.take(5000) is None
            after = Remains.now().descriptors
            assert after == before
            assert pair.taken == 0


def test_what_a_fork_drops_stays_taken_where_it_came_from() -> None:
    pair = Pair()
    array = pair.sent(7, 5000)
    child = os.fork()
    if child == 0:
        del array
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert pair.taken == 1
    del array
    assert pair.taken == 0
    pair.close()


@pytest.mark.parametrize("named", [False, True])
def test_a_segment_is_shared_by_all_that_map_it(
    named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if named:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    descriptor = create_segment(PAGE)
    first, second = map_segment(descriptor, PAGE), map_segment(descriptor, PAGE)
    os.close(descriptor)
    first[5] = 42
    assert second[5] == 42
    assert second.flags.writeable


def resident() -> int:
    """Return how many bytes of the slots' segments the system holds, where it tells."""
    return sum(
        int(line.split()[1]) << 10
        for block in Path("/proc/self/smaps").read_text().split("VmFlags")
        if "memfd:dataflow" in block
        for line in block.splitlines()
        if line.startswith("Pss:")
    )


def test_what_a_burst_took_goes_back_to_the_system() -> None:
    gc.collect()
    pair = Pair()
    before = resident()
    kept = [pair.sent(value, 1 << 20) for value in range(30)]
    grown = resident()
    assert grown - before >= 30 << 20
    kept.clear()
    for value in range(2 * slots_module.TRIM_EVERY + 1):
        array = pair.sent(value % 256, 5000)
        assert (array == value % 256).all()
        del array
    assert resident() - before < 3 << 20
    assert pair.outgoing._bytes < 3 << 20
    pair.close()


def test_what_an_epoch_no_longer_needs_goes_back_when_the_next_one_ends() -> None:
    pair = Pair()
    kept = [pair.sent(value, 1 << 20) for value in range(10)]
    kept.clear()
    pair.outgoing.trim()
    assert pair.outgoing._bytes > 10 << 20
    pair.sent(1, 1 << 20)
    pair.outgoing.trim()
    assert 1 << 20 < pair.outgoing._bytes < 2 << 20
    pair.close()


def test_slots_that_take_their_turn_stay() -> None:
    pair = Pair()
    queue = [pair.sent(value, 5000) for value in range(30)]
    slots = [*pair.outgoing._slots]
    for value in range(10 * slots_module.TRIM_EVERY):
        del queue[0]
        queue.append(pair.sent(value % 256, 5000))
    assert pair.outgoing._slots == slots
    pair.close()


def test_numbers_of_slots_that_went_back_are_used_again() -> None:
    before = Remains.now().descriptors
    pair = Pair()
    for _ in range(5):
        kept = [pair.sent(value, 50_000) for value in range(40)]
        assert all((array == value).all() for value, array in enumerate(kept))
        kept.clear()
        pair.outgoing.trim()
        pair.outgoing.trim()
        assert pair.outgoing._bytes == 0
    assert len(pair.outgoing._slots) == 40
    # One that was never sent, too.
    slot = pair.outgoing.take(5000)
    assert slot is not None
    pair.outgoing.give_back(slot)
    pair.outgoing.trim()
    pair.outgoing.trim()
    pair.close()
    after = Remains.now().descriptors
    assert after == before


@given(
    st.lists(st.tuples(st.integers(1, 20 * PAGE), st.integers(0, 5), st.booleans()), max_size=60),
    st.none() | st.integers(0, 100 * PAGE),
)
def test_what_is_kept_never_changes_whatever_goes_back(
    steps: list[tuple[int, int, bool]], limit: int | None
) -> None:
    pair = Pair(limit)
    kept: list[tuple[int, Any]] = []
    for value, (size, keep, trim) in enumerate(steps):
        array = pair.sent(value, size)
        if array is not None:
            kept.append((value, array))
        del array
        del kept[: max(0, len(kept) - keep)]
        if trim:
            pair.outgoing.trim()
        assert limit is None or pair.outgoing._bytes <= limit
        assert pair.taken == len(kept)
        assert all((one == expected).all() for expected, one in kept)
    pair.close()
