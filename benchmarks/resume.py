"""What it costs to go on in the middle of a long epoch, against starting it.

A shuffled, indexed source of 10,000,000 datapoints, decoded by a map and batched. A start is
`reset_state()` and the first batch; a resume is `load_state_dict()` at position 5,000,000 and the
batch after it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time

import numpy as np
import numpy.typing as npt
from alternating import measure, report

from dataflow_core import DataFlow, IndexedDataFlow

AIM = 2.0
BATCH_SIZE = 100


class Numbers(IndexedDataFlow):
    """The numbers below `size`, counting how many of them are read."""

    def __init__(self, size: int) -> None:
        super().__init__(shuffle=True)
        self.count = size
        self.reads = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> list[int]:
        self.reads += 1
        return [index]


def pipeline(source: DataFlow) -> DataFlow:
    """Return what is resumed."""
    return source.map(lambda dp: [dp[0], dp[0] % 10]).batch(BATCH_SIZE)


def first_batch(df: DataFlow) -> list[npt.NDArray[np.int32]]:
    """Return the next batch and let go of the rest."""
    iterator = df.get_data()
    batch: list[npt.NDArray[np.int32]] = next(iterator)
    df.close()
    return batch


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000_000, help="datapoints of the source")
    parser.add_argument("--rounds", type=int, default=9, help="runs of either side")
    options = parser.parse_args()
    source = Numbers(options.size)
    df = pipeline(source)

    df.reset_state(seed=1)
    with df:
        for _ in itertools.islice(df, options.size // 2 // BATCH_SIZE):
            pass
        text = json.dumps(df.state_dict())

    def start() -> float:
        began = time.perf_counter()
        df.reset_state(seed=1)
        first_batch(df)
        return time.perf_counter() - began

    def resume() -> float:
        began = time.perf_counter()
        df.load_state_dict(json.loads(text))
        first_batch(df)
        return time.perf_counter() - began

    timings = measure(resume, start, options.rounds)
    source.reads = 0
    resume()
    report(
        f"resume at position {options.size // 2:,} of {options.size:,}, time against a start",
        timings.ratio,
        f"≤ {AIM:.0f}",
        reached=timings.ratio <= AIM,
        details=f"{min(timings.ours) * 1e3:.1f} ms, {source.reads} datapoints read",
    )


if __name__ == "__main__":
    main()
