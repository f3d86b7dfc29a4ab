"""Two processes that copy batches into shared memory: as fast as memory takes them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import numpy.typing as npt

Batch = npt.NDArray[Any]

#: Places of each process for batches: one it fills, one that waits, one that is looked at.
PLACES = 3


def copy_at_once(place: Batch, batch: Batch) -> None:
    """Make one `memcpy` of the whole batch."""
    np.copyto(place, batch)


def copy_one_by_one(place: Batch, batch: Batch) -> None:
    """Make one `memcpy` of each member, as who stacks a batch has to; caches may like it better."""
    np.concatenate([*batch], out=place.reshape(-1, *batch.shape[2:]))


class Handover:
    """Processes that copy one batch again and again, and take turns.

    A byte through a pipe says that a place is free, one back that it is filled.

    Args:
        make: makes the batch; called in each process, too, so it is a function of a module.
        copy: copies it into its place; the same holds.
        workers: number of processes.
    """

    def __init__(
        self, make: Callable[[], Batch], copy: Callable[[Batch, Batch], None], workers: int = 2
    ) -> None:
        batch = make()
        spawn = multiprocessing.get_context("spawn")
        self._connections: list[Connection] = []
        self._processes = []
        self._memory: list[list[SharedMemory]] = []
        self._places: list[list[Batch]] = []
        for _ in range(workers):
            ours, theirs = spawn.Pipe()
            memory = [SharedMemory(create=True, size=batch.nbytes) for _ in range(PLACES)]
            process = spawn.Process(
                target=_work,
                args=(theirs, make, copy, [each.name for each in memory]),
                daemon=True,
            )
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)
            self._memory.append(memory)
            self._places.append([np.ndarray(batch.shape, batch.dtype, each.buf) for each in memory])

    def batches(self, count: int) -> Iterator[Batch]:
        """Yield `count` batches; each is gone when the next is asked for."""
        turns = [range(worker, count, len(self._connections)) for worker in self._workers]
        ordered = [0 for _ in turns]

        def order(worker: int) -> None:
            if ordered[worker] < len(turns[worker]):
                self._connections[worker].send_bytes(bytes([ordered[worker] % PLACES]))
                ordered[worker] += 1

        for worker in self._workers:
            for _ in range(PLACES):
                order(worker)
        for number in range(count):
            worker = number % len(turns)
            place = self._connections[worker].recv_bytes()[0]
            yield self._places[worker][place]
            order(worker)

    @property
    def _workers(self) -> range:
        return range(len(self._connections))

    def close(self) -> None:
        """End the processes, and remove the memory."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join()
        self._places.clear()
        for memory in self._memory:
            for each in memory:
                each.close()
                each.unlink()


def _work(
    connection: Connection,
    make: Callable[[], Batch],
    copy: Callable[[Batch, Batch], None],
    names: list[str],
) -> None:
    source = make()
    memory = [SharedMemory(name) for name in names]
    places = [np.ndarray(source.shape, source.dtype, each.buf) for each in memory]
    with suppress(EOFError):  # The other end is closed: no more is wanted.
        while True:
            order = connection.recv_bytes()
            copy(places[order[0]], source)
            connection.send_bytes(order)
    places.clear()
    for each in memory:
        each.close()
