"""What a pipeline costs over the same loop written by hand, on small datapoints.

1,000,000 datapoints [int, float32 array of 8] → map → shuffle(1000) → batch(128), in one process.
The hand-written side is the code one would write without a library, as plain generators; it gives
batches of the same shapes and dtypes, in an order of its own.

With `--workers 2` that pipeline is run by two workers, and the hand-written side is the pipeline
without them: batching is all there is for workers to do, so the best they can is not to harm.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from alternating import measure, report
from work.small import BATCH_SIZE, Point, double, points

from dataflow_core import DataFlow, DataFromGenerator, DataFromList

AIM = 0.8
AIM_WORKERS = 1.0
BUFFER_SIZE = 1000

Batches = Callable[[], Iterable[Any]]


def by_hand(data: Iterable[Point]) -> Iterator[list[npt.NDArray[Any]]]:
    """Yield the batches."""
    return _batched(_shuffled(map(double, data)))


def _shuffled(points: Iterable[Point]) -> Iterator[Point]:
    # The cheapest buffered shuffle there is: each point takes the place of a random one.
    draw = random.Random(0).random
    rest = iter(points)
    buffer = list(itertools.islice(rest, BUFFER_SIZE))
    for point in rest:
        place = int(draw() * BUFFER_SIZE)
        yield buffer[place]
        buffer[place] = point
    random.Random(0).shuffle(buffer)
    yield from buffer


def _batched(points: Iterable[Point]) -> Iterator[list[npt.NDArray[Any]]]:
    numbers: list[int] = []
    arrays: list[npt.NDArray[np.float32]] = []
    for number, array in points:
        numbers.append(number)
        arrays.append(array)
        if len(numbers) == BATCH_SIZE:
            yield [np.array(numbers, np.int32), np.stack(arrays)]
            numbers, arrays = [], []


def timed(batches: Batches, expected: int) -> float:
    """Run one epoch; return its seconds."""
    began = time.perf_counter()
    count = sum(1 for _ in batches())
    seconds = time.perf_counter() - began
    if count != expected:
        raise SystemExit(f"{count} batches instead of {expected}: the two sides do unequal work")
    return seconds


def alone(df: DataFlow, name: str, data: list[Point], rounds: int) -> None:
    """Print how the pipeline compares with the loop by hand."""
    expected = len(data) // BATCH_SIZE
    timings = measure(
        lambda: timed(df.get_data, expected),
        lambda: timed(lambda: by_hand(data), expected),
        rounds,
    )
    speed = 1 / timings.ratio
    report(
        f"small datapoints from {name}, speed against a loop by hand",
        speed,
        f"≥ {AIM}",
        reached=speed >= AIM,
        details=f"{len(data) / min(timings.ours):,.0f} datapoints/s",
    )


def with_workers(df: DataFlow, name: str, size: int, options: argparse.Namespace) -> None:
    """Print how the pipeline run by workers compares with itself."""
    expected = size // BATCH_SIZE
    with df.parallel(options.workers, backend=options.backend) as parallel:
        timings = measure(
            lambda: timed(parallel.get_data, expected),
            lambda: timed(df.get_data, expected),
            options.rounds,
        )
    speed = 1 / timings.ratio
    report(
        f"small datapoints from {name}, speed with {options.workers} workers of the"
        f" {options.backend} backend against none",
        speed,
        f"≥ {AIM_WORKERS:.0f}",
        reached=speed >= AIM_WORKERS,
        details=f"{size / min(timings.ours):,.0f} datapoints/s",
    )


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="datapoints per epoch")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    parser.add_argument("--workers", type=int, default=0, help="run the pipeline by so many")
    parser.add_argument("--backend", default="process", help="of the workers")
    options = parser.parse_args()
    data = points(options.size)
    sources = {
        "a list": DataFromList(data, shuffle=False),
        "a generator": DataFromGenerator(lambda: iter(data)),
    }
    for name, source in sources.items():
        df = source.map(double).shuffle(BUFFER_SIZE).batch(BATCH_SIZE)
        df.reset_state(seed=0)
        if options.workers:
            with_workers(df, name, options.size, options)
        else:
            alone(df, name, data, options.rounds)


if __name__ == "__main__":
    main()
