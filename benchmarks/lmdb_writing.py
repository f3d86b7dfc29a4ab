"""LMDB: writing a flow, against bare puts of the same values at the same commit frequency.

Both write datapoints [bytes, int]; the bare loop has them encoded already. Every round times both,
one after the other, on the file system of the current folder, since commits wait for it; the ratio
printed is of the best rounds.
`python benchmarks/lmdb_writing.py [--bytes 110000 1000] [--rounds 5]`
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
from alternating import report

from dataflow_core import DataFromList, codec
from dataflow_lmdb import LMDBSerializer

AIM = 0.8


def bare_puts(path: str, values: list[bytes], every: int) -> None:
    """Append all values, in transactions of `every`."""
    size = sum(map(len, values)) * 2 + (1 << 26)
    with lmdb.open(path, subdir=False, map_size=size, readahead=False) as environment:
        for start in range(0, len(values), every):
            with environment.begin(write=True) as transaction:
                for number, value in enumerate(values[start : start + every], start):
                    transaction.put(b"%08d" % number, value, append=True)


def save(path: str, points: list[Any], every: int) -> None:
    """Write the same by a flow."""
    flow = DataFromList(points, shuffle=False)
    LMDBSerializer.save(flow, path, every, progress=False)


def seconds(work: Callable[..., None], *arguments: Any) -> float:
    """Time one call that writes a file, which is deleted."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        began = time.perf_counter()
        work(str(Path(folder, "bench.lmdb")), *arguments)
        return time.perf_counter() - began


def compare(size: int, records: int, every: int, rounds: int) -> None:
    """Print the ratio for values of one size."""
    contents = [os.urandom(size) for _ in range(min(records, 64))]
    points = [[contents[i % len(contents)], i] for i in range(records)]
    values = [codec.dumps(dp) for dp in points]
    bare = ours = float("inf")
    for _ in range(rounds):
        bare = min(bare, seconds(bare_puts, values, every))
        ours = min(ours, seconds(save, points, every))
    print(f"{records} records of {size} bytes, {every} a commit")
    for name, spent in (("bare puts", bare), ("save", ours)):
        print(f"{name:>10}: {spent / records * 1e6:8.2f} µs per record")
    report(
        f"save / bare puts, {size} bytes",
        bare / ours,
        f"≥ {AIM}",
        reached=bare / ours >= AIM,
        details=f"best of {rounds}",
    )


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, nargs="+", default=[110_000, 1000], help="of a value")
    parser.add_argument("--records", type=int, help="by default 440 MB of them, or 100,000")
    parser.add_argument("--every", type=int, help="records between commits; by default 55 MB, 5000")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for size in options.bytes:
        records = options.records or min(440_000_000 // size, 100_000)
        every = options.every or min(55_000_000 // size, 5000)
        compare(size, records, every, options.rounds)


if __name__ == "__main__":
    main()
