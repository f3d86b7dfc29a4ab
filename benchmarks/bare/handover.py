"""Two processes that copy batches into shared memory: as fast as memory takes them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

#: Places of each process for batches: one it fills, one that waits, one that is looked at.
PLACES = 3


class Handover:
    """Processes that make one `memcpy` per batch, and take turns.

    A byte through a pipe says that a place is free, one back that it is filled.

    Args:
        make: makes the batch that is copied; run in each process.
        batch: an array of the same shape and dtype.
        workers: number of processes.
    """

    def __init__(
        self, make: Callable[[], npt.NDArray[Any]], batch: npt.NDArray[Any], workers: int = 2
    ) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connections: list[Connection] = []
        self._processes = []
        self._memory: list[list[SharedMemory]] = []
        self._places: list[list[npt.NDArray[Any]]] = []
        for _ in range(workers):
            ours, theirs = spawn.Pipe()
            memory = [SharedMemory(create=True, size=batch.nbytes) for _ in range(PLACES)]
            process = spawn.Process(
                target=_copy, args=(theirs, make, [each.name for each in memory]), daemon=True
            )
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)
            self._memory.append(memory)
            self._places.append(
                [np.ndarray(batch.shape, batch.dtype, each.buf) for each in memory]
            )

    def batches(self, count: int) -> Iterator[npt.NDArray[Any]]:
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

    def __enter__(self) -> Handover:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join()
        self._places.clear()
        for memory in self._memory:
            for each in memory:
                each.close()
                each.unlink()


def _copy(connection: Connection, make: Callable[[], npt.NDArray[Any]], names: list[str]) -> None:
    source = make()
    memory = [SharedMemory(name) for name in names]
    places = [np.ndarray(source.shape, source.dtype, each.buf) for each in memory]
    with suppress(EOFError):  # The other end is closed: no more is wanted.
        while True:
            order = connection.recv_bytes()
            np.copyto(places[order[0]], source)
            connection.send_bytes(order)
    places.clear()
    for each in memory:
        each.close()
