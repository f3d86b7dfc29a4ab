"""How fast 2 worker processes hand over what they make, against what memory allows.

Workers have images in memory and copy each once, into the batch. The limit is two bare processes
that copy the same batches into shared memory, with one `memcpy` for each; what they reach with one
for each image stands beside it. Then: what a batch costs the consumer, images one by one, and
datapoints so small that two processes can only be in the way.

    python benchmarks/transport.py [--batches 400] [--rounds 5] [--peers]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

import numpy as np
from alternating import measure, report
from bare.handover import Handover, copy_at_once, copy_one_by_one
from peers import installed
from work import images, small
from work.timed import seconds_for, seconds_under_way

from dataflow_core import BatchData, DataFlow, DataFromList

WORKERS = 2
BATCH_BYTES = images.BATCH_SIZE * images.IMAGE_BYTES

#: Backends, and what share of the limit they are to reach.
AIMS = {"process": 0.9, "zmq": 0.7}
AIM_CONSUMER_US = 200
AIM_SINGLE = 25_000
AIM_SMALL = 1.0

#: More than any run reads: peers are measured in the middle of an epoch.
ENDLESS = 10_000_000

#: Runs once and returns its seconds.
Limit = Callable[[], float]


def batches(limit: Limit, pieces: Limit, count: int, rounds: int) -> None:
    """Print how near either backend comes to the limit."""
    piecewise = count * BATCH_BYTES / min(pieces() for _ in range(rounds + 1)) / 1e9
    for backend, aim in AIMS.items():
        source = images.Images(count * images.BATCH_SIZE)
        with BatchData(source, images.BATCH_SIZE).parallel(WORKERS, backend=backend) as df:
            timings = measure(partial(seconds_for, df, count), limit, rounds)
        share = 1 / timings.ratio
        rates = _rates(count * BATCH_BYTES, min(timings.ours), min(timings.limit))
        report(
            f"batches of 64x224x224x3 uint8 out of {WORKERS} processes, {backend} backend, speed"
            " against memcpy by bare processes",
            share,
            f"≥ {aim}",
            reached=share >= aim,
            details=f"{rates}, image by image {piecewise:.1f} GB/s",
        )


def batches_of_peers(limit: Limit, count: int, rounds: int) -> None:
    """Print the same for the others."""
    for peer in installed("process"):
        with closing(peer.batches(images.Images(ENDLESS), images.BATCH_SIZE, WORKERS)) as stream:
            timings = measure(
                partial(seconds_under_way, stream, count),
                limit,
                rounds,
            )
        rates = _rates(count * BATCH_BYTES, min(timings.ours), min(timings.limit))
        print(f"  {peer}: {1 / timings.ratio:.2f} ({rates})", flush=True)


def consumer(count: int) -> None:
    """Print the CPU time that a batch of 38.5 MB takes in the consumer's process."""
    source = images.Images(count * images.BATCH_SIZE, np.float32)
    df = BatchData(source, images.BATCH_SIZE).parallel(WORKERS, backend="process")
    with df:
        seconds_for(df, count)
        began = time.process_time()
        seconds_for(df, count)
        microseconds = (time.process_time() - began) / count * 1e6
    report(
        "consumer's CPU time for a batch of 38.5 MB, process backend, µs",
        microseconds,
        f"≤ {AIM_CONSUMER_US}",
        reached=microseconds <= AIM_CONSUMER_US,
        details=f"{count} batches",
    )


def one_by_one(count: int, rounds: int, *, peers: bool) -> None:
    """Print how many images come out of the workers per second, without batches."""
    best_peer = 0.0
    for peer in installed("process") if peers else ():
        with closing(peer.batches(images.Images(ENDLESS), None, WORKERS)) as stream:
            spent = min(seconds_under_way(stream, count) for _ in range(rounds))
        best_peer = max(best_peer, count / spent)
        print(f"  images of 150 kB one by one, {peer}: {count / spent:,.0f}/s", flush=True)
    for backend in AIMS:
        with images.Images(count).parallel(WORKERS, backend=backend) as df:
            seconds_for(df, count)
            spent = min(seconds_for(df, count) for _ in range(rounds))
        rate = count / spent
        report(
            f"images of 150 kB one by one out of {WORKERS} processes, {backend} backend, thousands"
            " per second",
            rate / 1000,
            f"≥ {AIM_SINGLE / 1000:.0f}, or 2 x the best peer's",
            reached=rate >= AIM_SINGLE or rate >= 2 * best_peer > 0,
            details=f"{rate * images.IMAGE_BYTES / 1e9:.1f} GB/s",
        )


def small_datapoints(size: int, rounds: int) -> None:
    """Print how two processes do on datapoints that one alone is quick with."""
    expected = size // small.BATCH_SIZE
    sources: dict[str, DataFlow] = {
        "a list": DataFromList(small.points(size), shuffle=False),
        "an indexed source": small.Points(size),
    }
    for name, source in sources.items():
        alone = source.map(small.double).batch(small.BATCH_SIZE)
        for backend in AIMS:
            with alone.parallel(WORKERS, backend=backend) as df:
                timings = measure(
                    partial(seconds_for, df, expected),
                    partial(seconds_for, alone, expected),
                    rounds,
                )
            speed = 1 / timings.ratio
            report(
                f"small datapoints from {name}, speed of {WORKERS} processes against one alone,"
                f" {backend} backend",
                speed,
                f"≥ {AIM_SMALL:.0f}",
                reached=speed >= AIM_SMALL,
                details=f"{size / min(timings.ours):,.0f} datapoints/s",
            )


def _rates(total: int, ours: float, limit: float) -> str:
    return f"{total / ours / 1e9:.1f} GB/s, limit {total / limit / 1e9:.1f} GB/s"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--batches", type=int, default=400, help="per run")
    parser.add_argument("--small", type=int, default=200_000, help="small datapoints per run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    parser.add_argument("--peers", action="store_true", help="measure other loaders, too")
    options = parser.parse_args()
    count, rounds = options.batches, options.rounds
    with (
        closing(Handover(images.one_batch, copy_at_once, WORKERS)) as at_once,
        closing(Handover(images.one_batch, copy_one_by_one, WORKERS)) as image_by_image,
    ):

        def limit() -> float:
            return seconds_for(at_once.batches(count), count)

        def pieces() -> float:
            return seconds_for(image_by_image.batches(count), count)

        batches(limit, pieces, count, rounds)
        if options.peers:
            batches_of_peers(limit, count, rounds)
    consumer(max(2, count // 4))
    one_by_one(count * images.BATCH_SIZE // 4, rounds, peers=options.peers)
    small_datapoints(options.small, rounds)


if __name__ == "__main__":
    main()
