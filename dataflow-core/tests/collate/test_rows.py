"""A component that is written straight into its batch makes the same batch as a copied one."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.collate import Rows, collate_stacked, row, stack
from dataflow_core.collate.recycled import IDLE_FOR, LARGE, RecycledMemory
from dataflow_core.collate.rows import WORTH_PLACING

SHAPE = (WORTH_PLACING // 8,)


def filled(number: int, shape: tuple[int, ...] = SHAPE) -> npt.NDArray[Any]:
    """What a step does: take a row, and write it."""
    taken = row(shape, np.float32)
    taken[...] = number
    return taken


def address(array: npt.NDArray[Any]) -> int:
    return array.ctypes.data


def test_rows_that_are_all_handed_out_are_the_batch() -> None:
    with Rows(3):
        values = [filled(number) for number in range(3)]
        batch = stack(values, 0)
    assert batch.shape == (3, *SHAPE)
    assert batch[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert address(batch) == address(values[0])


@given(
    kept=st.lists(st.booleans(), min_size=1, max_size=12),
    size=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
    swapped=st.booleans(),
)
def test_whatever_is_dropped_or_reordered_the_batch_is_what_it_is_made_of(
    kept: list[bool], size: int, order: Any, swapped: bool
) -> None:
    with Rows(size):
        taken = [filled(n) for n in range(len(kept))]
        values = [value for value, keep in zip(taken, kept) if keep]
        if swapped:
            order.shuffle(values)
        expected = [value[0] for value in values]
        for first in range(0, len(values) - size + 1, size):
            batch = stack(values[first : first + size], 0)
            assert batch[:, 0].tolist() == expected[first : first + size]
            assert (batch == batch[:, :1]).all()


def test_a_row_that_was_taken_and_not_handed_out_costs_a_copy_and_nothing_else() -> None:
    with Rows(2):
        filled(9)
        values = [filled(0), filled(1)]
        assert stack(values, 0)[:, 0].tolist() == [0.0, 1.0]


def test_two_components_of_one_shape_stay_apart() -> None:
    with Rows(2):
        datapoints = [[filled(n), filled(10 + n), n] for n in range(2)]
        first, second, numbers = collate_stacked(datapoints)
    assert first[:, 0].tolist() == [0.0, 1.0]
    assert second[:, 0].tolist() == [10.0, 11.0]
    assert numbers.tolist() == [0, 1]


def test_no_two_batches_share_memory() -> None:
    with Rows(2):
        values = [filled(0), filled(1)]
        assert not np.shares_memory(stack(values, 0), stack(values, 0))


def test_a_batch_is_made_where_it_is_to_go() -> None:
    made: list[npt.NDArray[np.uint8]] = []

    def allocate(nbytes: int) -> npt.NDArray[np.uint8]:
        made.append(np.empty(nbytes, np.uint8))
        return made[-1]

    with Rows(2, allocate):
        batch = stack([filled(0), filled(1)], 0)
    assert np.shares_memory(batch, made[0])


def test_where_there_is_no_room_it_is_made_elsewhere() -> None:
    with Rows(2, lambda _nbytes: None):
        assert stack([filled(0), filled(1)], 0)[:, 0].tolist() == [0.0, 1.0]


def test_outside_of_a_batch_in_the_making_a_row_is_an_array_as_any_other() -> None:
    first, second = filled(0), filled(1)
    assert first.base is None
    assert not np.shares_memory(stack([first, second], 0), first)


def test_small_rows_are_not_worth_it() -> None:
    with Rows(2):
        assert filled(0, (3,)).base is None


def test_memory_that_anything_looks_at_is_not_handed_out_again() -> None:
    memory = RecycledMemory(least_bytes=1)
    looks = [memory.empty(64).view(np.float32).reshape(4, 4)[1:, ::2].T for _ in range(20)]
    addresses = {address(look) for look in looks}
    assert len(addresses) == 20
    del looks[3:]
    gc.collect()
    again = [memory.empty(64) for _ in range(20)]
    assert not any(np.shares_memory(piece, look) for piece in again for look in looks)


def test_memory_is_used_again_and_idle_memory_is_not_kept() -> None:
    memory = RecycledMemory(least_bytes=1)
    first = memory.empty(64)
    kept = address(first)
    del first
    assert {address(memory.empty(64)) for _ in range(IDLE_FOR * 3)} == {kept}
    many = [memory.empty(64) for _ in range(50)]
    assert len(memory._pieces) == 50
    del many
    for _ in range(IDLE_FOR + 1):
        memory.empty(32)
    assert len(memory._pieces) == 1


def test_large_batches_of_a_worker_take_turns_in_one_piece_of_memory() -> None:
    rows = Rows(2)
    addresses = set()
    for _ in range(5):
        with rows:
            batch = stack([filled(n, (LARGE // 8,)) for n in range(2)], 0)
        addresses.add(address(batch))
        del batch
        rows.forget()
    assert len(addresses) == 1
