"""The input of a classifier, from JPEGs to batches, against threads that only decode.

JPEGs of 500x375 pixels and about 75 kB, shuffled → decoded → cut and resized to 224x224 → jittered
→ flipped → batches of 64, by 2 workers; then the same with the images normalised as float32 NCHW.
The limit is two bare threads in `cv2.imdecode` over the same bytes. Then: decoding alone, and the
memory of a whole program that does all this.

    python benchmarks/resnet_input.py [--batches 100] [--rounds 5] [--peers]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from alternating import measure, report
from bare.decoding import decode
from footprint import peak_mb
from peers import installed
from work.jpegs import Jpegs, read_jpegs, write_jpegs
from work.resnet import BATCH_SIZE, ByHand, pipeline
from work.timed import seconds_for, seconds_under_way

from dataflow_image import DecodeImage

WORKERS = 2

#: Backends, and the speed against bare decoding: of uint8 batches, and of normalised ones.
AIMS = {"thread": (0.85, 0.75), "process": (0.80, 0.75), "zmq": (0.80, 0.75)}
AIM_DECODE = 0.95

#: Backends, and what a program with 2 workers of one may take, in MB.
AIMS_MB = {"thread": 130, "process": 260, "zmq": 260}

#: More than any run reads: all are measured in the middle of an epoch.
ENDLESS = 10_000_000

Limit = Callable[[int], float]


def input_speed(jpegs: Sequence[bytes], count: int, rounds: int, limit: Limit) -> None:
    """Print how near each backend comes to the limit."""
    size = count * BATCH_SIZE
    for backend, aims in AIMS.items():
        for what, aim in zip(("uint8", "float32 NCHW"), aims):
            flow = pipeline(jpegs, ENDLESS, normalized=what != "uint8")
            with flow.parallel(WORKERS, backend=backend) as df:
                timings = measure(
                    partial(seconds_under_way, iter(df), count),
                    partial(limit, size),
                    rounds,
                )
            speed = 1 / timings.ratio
            report(
                f"ResNet input as {what}, {WORKERS} workers of the {backend} backend, speed"
                " against bare decoding",
                speed,
                f"≥ {aim}",
                reached=speed >= aim,
                details=_rates(size, min(timings.ours), min(timings.limit)),
            )


def input_speed_of_peers(jpegs: Sequence[bytes], count: int, rounds: int, limit: Limit) -> None:
    """Print the same for the others."""
    size = count * BATCH_SIZE
    for peer in installed("thread", "process"):
        with closing(peer.batches(ByHand(jpegs, ENDLESS), BATCH_SIZE, WORKERS)) as stream:
            timings = measure(
                partial(seconds_under_way, stream, count),
                partial(limit, size),
                rounds,
            )
        rates = _rates(size, min(timings.ours), min(timings.limit))
        print(f"  ResNet input, {peer}: {1 / timings.ratio:.2f} ({rates})", flush=True)


def decoding_speed(jpegs: Sequence[bytes], size: int, rounds: int, limit: Limit) -> None:
    """Print how near two threads that only decode come to two bare ones."""
    with DecodeImage(Jpegs(jpegs, size)).parallel(WORKERS, backend="thread") as df:
        timings = measure(partial(seconds_for, df, size), partial(limit, size), rounds)
    speed = 1 / timings.ratio
    report(
        f"decoding alone, {WORKERS} workers of the thread backend, speed against bare decoding",
        speed,
        f"≥ {AIM_DECODE}",
        reached=speed >= AIM_DECODE,
        details=_rates(size, min(timings.ours), min(timings.limit)),
    )


def memory(folder: Path, count: int) -> None:
    """Print what a program takes that does nothing else."""
    for backend, aim in AIMS_MB.items():
        program = [sys.executable, __file__, "--alone", backend, "--folder", str(folder)]
        taken = peak_mb([*program, "--batches", str(count)])
        if taken is None:
            print("memory: left out, this system does not tell how much is shared")
            return
        report(
            f"ResNet input, memory with {WORKERS} workers of the {backend} backend, MB",
            taken,
            f"≤ {aim}",
            reached=taken <= aim,
            details="proportional set size of the program and its workers, at its highest",
        )


def alone(backend: str, folder: Path, count: int) -> None:
    """Be the program whose memory is measured."""
    with pipeline(read_jpegs(folder), count * BATCH_SIZE).parallel(WORKERS, backend=backend) as df:
        seconds_for(df, count)


def _rates(size: int, ours: float, limit: float) -> str:
    return f"{size / ours:,.0f} images/s, limit {size / limit:,.0f}"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--batches", type=int, default=100, help="per run")
    parser.add_argument("--jpegs", type=int, default=64, help="different ones; they take turns")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    parser.add_argument("--peers", action="store_true", help="measure other loaders, too")
    parser.add_argument("--alone", metavar="BACKEND", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    count, rounds = options.batches, options.rounds
    if options.alone:
        alone(options.alone, options.folder, count)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_jpegs(folder, options.jpegs)
        jpegs = read_jpegs(folder)

        def limit(size: int) -> float:
            began = time.perf_counter()
            decode(jpegs, size, WORKERS)
            return time.perf_counter() - began

        input_speed(jpegs, count, rounds, limit)
        if options.peers:
            input_speed_of_peers(jpegs, count, rounds, limit)
        decoding_speed(jpegs, count * BATCH_SIZE, rounds, limit)
        memory(folder, count)


if __name__ == "__main__":
    main()
