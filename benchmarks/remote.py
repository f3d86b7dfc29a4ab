"""Remote flows between two processes over loopback tcp, against bare ZeroMQ frames.

Images: batches that are in memory already, against a PUSH socket that sends the same arrays without
a copy to a PULL socket that makes arrays of what comes. Small datapoints: how many arrive in a
second, each by itself at the consumer. Every run is an epoch; that it has to be asked for and to be
ended counts.

    python benchmarks/remote.py [--batches 200] [--small 500000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import numpy as np
from alternating import measure, report
from bare.push_pull import PushPull
from work import images, small
from work.timed import seconds_for

from dataflow_core import DataFlow, IndexedDataFlow
from dataflow_zmq import RemoteDataZMQ, send_dataflow_zmq

AIM_BATCHES = 0.8
AIM_SMALL = 200_000
BATCH_BYTES = images.BATCH_SIZE * images.IMAGE_BYTES


class Batches(IndexedDataFlow):
    """[batch] again and again, without a copy.

    Args:
        size: datapoints per epoch.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._batch = images.one_batch()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[Any]:
        return [self._batch]


class Lists(IndexedDataFlow):
    """[int, [float, ...]]: the eight floats as Python has them.

    Args:
        size: datapoints per epoch.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._row = np.arange(8.0).tolist()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[Any]:
        return [index, self._row]


@contextmanager
def remote(flow: DataFlow) -> Iterator[RemoteDataZMQ]:
    """Serve a flow in a process of its own, and yield it as it is received here."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        addr = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_serve, args=(flow, addr), daemon=True)
    process.start()
    try:
        with RemoteDataZMQ(addr, bind=False) as received:
            received.reset_state()
            yield received
    finally:
        process.kill()
        process.join()


def _serve(flow: DataFlow, addr: str) -> None:
    send_dataflow_zmq(flow, addr, bind=True, progress=False)


def batches(count: int, rounds: int) -> None:
    """Print how near batches of images come to bare frames."""
    with (
        closing(PushPull(images.one_batch)) as bare,
        remote(Batches(count)) as flow,
    ):
        timings = measure(
            partial(seconds_for, flow, count),
            lambda: seconds_for(bare.arrays(count), count),
            rounds,
        )
    ours, limit = (
        count * BATCH_BYTES / min(times) / 1e9 for times in (timings.ours, timings.limit)
    )
    report(
        "batches of 64x224x224x3 uint8 over loopback tcp, speed against bare PUSH and PULL",
        1 / timings.ratio,
        f"≥ {AIM_BATCHES}",
        reached=1 / timings.ratio >= AIM_BATCHES,
        details=f"{ours:.2f} GB/s, limit {limit:.2f} GB/s",
    )


def small_datapoints(name: str, flow: DataFlow, size: int, rounds: int) -> None:
    """Print how many small datapoints arrive in a second."""
    with remote(flow) as received:
        seconds_for(received, size)
        spent = min(seconds_for(received, size) for _ in range(rounds))
    rate = size / spent
    report(
        f"small datapoints {name}, thousands per second",
        rate / 1000,
        f"≥ {AIM_SMALL / 1000:.0f}",
        reached=rate >= AIM_SMALL,
        details=f"{spent / size * 1e6:.1f} µs each",
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--batches", type=int, default=200, help="per run")
    parser.add_argument("--small", type=int, default=500_000, help="small datapoints per run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    options = parser.parse_args()
    batches(options.batches, options.rounds)
    size = options.small
    small_datapoints("[int, 8 floats]", Lists(size), size, options.rounds)
    small_datapoints("[int, float32 array of 8]", small.Points(size), size, options.rounds)


if __name__ == "__main__":
    main()
