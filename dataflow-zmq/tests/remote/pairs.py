"""A sender and receivers in threads of the test, each with a deadline."""

from __future__ import annotations

import faulthandler
import itertools
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import dataflow_core as df
from dataflow_zmq import RemoteDataZMQ, send_dataflow_zmq

DEADLINE_S = 90.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Doing:
    """A function in a thread; its result or its error is asked for afterwards."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001  raised by whoever asks for the result
            self._error = error

    def result(self, timeout_s: float = DEADLINE_S) -> Any:
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            faulthandler.dump_traceback(all_threads=True)
            raise TimeoutError(f"still running after {timeout_s} s")
        if self._error is not None:
            raise self._error
        return self._result


def numbers(
    size: int,
    *,
    large_every: int = 0,
    large_bytes: int = 100_000,
    awaited: Sequence[threading.Event] = (),
) -> df.DataFlow:
    """Return datapoints [number, array]; some arrays are large, all say whose they are.

    They come slowly until what is awaited has happened.
    """

    def fill(dp: list[Any]) -> list[Any]:
        number = dp[0]
        if not all(event.is_set() for event in awaited):
            time.sleep(0.005)
        large = large_every and number % large_every == 0
        return [number, np.full(large_bytes if large else 8, number % 251, np.uint8)]

    return df.DataFromList([[number] for number in range(size)], shuffle=False).map(fill)


def serving(flow: df.DataFlow, addr: str, *, bind: bool, epochs: int = 1, **options: Any) -> Doing:
    return Doing(
        lambda: send_dataflow_zmq(flow, addr, bind=bind, epochs=epochs, progress=False, **options)
    )


def receiving(
    addr: str,
    *,
    bind: bool,
    epochs: int = 1,
    began: threading.Event | None = None,
    **options: Any,
) -> Doing:
    """Return what collects the numbers of each epoch, having looked at the arrays.

    `began` is set with the first datapoint.
    """

    def receive() -> list[list[int]]:
        collected = []
        with RemoteDataZMQ(addr, bind=bind, **options) as flow:
            flow.reset_state()
            for _ in range(epochs):
                got = []
                for number, array in flow:
                    if began is not None:
                        began.set()
                    assert (array == number % 251).all()
                    got.append(number)
                collected.append(got)
        return collected

    return Doing(receive)


def all_once(size: int, epochs: int, collected: Sequence[Sequence[Sequence[int]]]) -> None:
    """Check that the receivers have got each epoch's datapoints once, each in order."""
    for epoch in range(epochs):
        parts = [receiver[epoch] for receiver in collected]
        together = sorted(number for part in parts for number in part)
        missing = sorted(set(range(size)) - set(together))
        twice = sorted({a for a, b in itertools.pairwise(together) if a == b})
        assert not missing, f"epoch {epoch}: missing {missing[:20]} of {len(missing)}"
        assert not twice, f"epoch {epoch}: twice {twice[:20]} of {len(twice)}"
        assert len(together) == size
