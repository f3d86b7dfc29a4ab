"""Frames from one process to another over ZeroMQ, with nothing around them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt
import zmq

#: Messages that may wait at either end; more does not make it faster.
HWM = 8

MakeArray = Callable[[], npt.NDArray[Any]]


class PushPull:
    """A process that pushes an array over and over, and the socket that pulls.

    Args:
        make: called by the process, once.
    """

    def __init__(self, make: MakeArray) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._orders, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_push, args=(make, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        self._socket.rcvhwm = HWM
        self._socket.connect(self._orders.recv())
        self._like = make()

    def arrays(self, count: int) -> Iterator[npt.NDArray[Any]]:
        """Yield arrays that live in the messages' own memory."""
        like = self._like
        self._orders.send(count)
        for _ in range(count):
            frame = self._socket.recv(copy=False)
            yield np.frombuffer(frame.buffer, like.dtype).reshape(like.shape)

    def close(self) -> None:
        """End the process."""
        self._orders.send(0)
        self._process.join()
        self._context.destroy(linger=0)


def _push(make: MakeArray, orders: Connection) -> None:
    array = make()
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.sndhwm = HWM
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        orders.send(f"tcp://127.0.0.1:{port}")
        while count := orders.recv():
            for _ in range(count):
                socket.send(array.data, copy=False)
