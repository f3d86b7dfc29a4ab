"""What a pipeline costs over the same loop written by hand, on small datapoints.

1,000,000 datapoints [int, float32 array of 8] → map → shuffle(1000) → batch(128), in one process.
The hand-written side is the code one would write without a library, as plain generators; it gives
batches of the same shapes and dtypes, in an order of its own.
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

from dataflow_core import DataFromGenerator, DataFromList

AIM = 0.8
BUFFER_SIZE = 1000
BATCH_SIZE = 128

Point = list[Any]
Batches = Callable[[], Iterable[Any]]


def double(dp: Point) -> Point:
    """The map: cheap, so that what is measured is what lies around it."""
    return [dp[0] * 2, dp[1]]


def by_hand(points: Iterable[Point]) -> Iterator[list[npt.NDArray[Any]]]:
    """Yield the batches."""
    return _batched(_shuffled(map(double, points)))


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


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="datapoints per epoch")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    options = parser.parse_args()
    row = np.arange(8, dtype=np.float32)
    points: list[Point] = [[index, row + index] for index in range(options.size)]
    sources = {
        "a list": DataFromList(points, shuffle=False),
        "a generator": DataFromGenerator(lambda: iter(points)),
    }
    expected = options.size // BATCH_SIZE
    for name, source in sources.items():
        df = source.map(double).shuffle(BUFFER_SIZE).batch(BATCH_SIZE)
        df.reset_state(seed=0)
        timings = measure(
            lambda df=df: timed(df.get_data, expected),  # type: ignore[misc]
            lambda: timed(lambda: by_hand(points), expected),
            options.rounds,
        )
        speed = 1 / timings.ratio
        report(
            f"small datapoints from {name}, speed against a loop by hand",
            speed,
            f"≥ {AIM}",
            reached=speed >= AIM,
            details=f"{options.size / min(timings.ours):,.0f} datapoints/s",
        )


if __name__ == "__main__":
    main()
