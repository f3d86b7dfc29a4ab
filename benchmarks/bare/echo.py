"""Workers that send back what they are sent: what queues and pipes cost by themselves."""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Protocol


class Echo(Protocol):
    """Workers around a line there and a line back."""

    def send(self, number: int) -> None:
        """Send a number to some worker."""

    def receive(self) -> int:
        """Wait for a number that comes back."""


def run(echo: Echo, count: int, in_flight: int) -> None:
    """Send numbers there and back, a few at a time."""
    for number in range(min(in_flight, count)):
        echo.send(number)
    for number in range(in_flight, count + in_flight):
        echo.receive()
        if number < count:
            echo.send(number)


class Queues:
    """Threads around two `SimpleQueue`s.

    Args:
        workers: number of threads.
    """

    def __init__(self, workers: int = 2) -> None:
        self._there: SimpleQueue[int | None] = SimpleQueue()
        self._back: SimpleQueue[int] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def send(self, number: int) -> None:
        """Queue a number."""
        self._there.put(number)

    def receive(self) -> int:
        """Return what comes next; threads may overtake one another."""
        return self._back.get()

    def _work(self) -> None:
        while (number := self._there.get()) is not None:
            self._back.put(number)

    def close(self) -> None:
        """End the workers."""
        for _ in self._threads:
            self._there.put(None)
        for thread in self._threads:
            thread.join()


class Pipes:
    """Processes at the other ends of pipes, which take turns.

    Args:
        workers: number of processes.
    """

    def __init__(self, workers: int = 2) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connections: list[Connection] = []
        self._turns: deque[Connection] = deque()
        self._processes = []
        for _ in range(workers):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_echo, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)

    def send(self, number: int) -> None:
        """Send a number to the worker whose turn it is."""
        connection = self._connections[number % len(self._connections)]
        connection.send(number)
        self._turns.append(connection)

    def receive(self) -> int:
        """Wait for the worker whose turn it is."""
        number: int = self._turns.popleft().recv()
        return number

    def close(self) -> None:
        """End the workers."""
        for connection in self._connections:
            connection.send(None)
        for process in self._processes:
            process.join()


def _echo(connection: Connection) -> None:
    while (number := connection.recv()) is not None:
        connection.send(number)
