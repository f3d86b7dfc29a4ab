"""LMDB: reading in order and at random, against a bare cursor and a bare `get` that copy values.

Every round times all four, one after the other, over a warm page cache; the ratios printed are of
the best rounds. `python benchmarks/lmdb_reading.py [--bytes 110000 1000] [--rounds 7] [--peers]`
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lmdb
import numpy as np
from alternating import report
from peers import is_installed, torch_lmdb

from dataflow_core import DataFromList
from dataflow_lmdb import LMDBData, LMDBSerializer

AIM_IN_ORDER = 0.85
AIM_AT_RANDOM = 0.8


def write(path: str, records: int, size: int) -> None:
    """Write `records` values of `size` random bytes each."""
    values = [[os.urandom(size)] for _ in range(min(records, 64))]
    flow = DataFromList([values[i % len(values)] for i in range(records)], shuffle=False)
    LMDBSerializer.save(flow, path, progress=False)


def bare_cursor(path: str) -> int:
    """Copy all values in the database's order."""
    total = 0
    with (
        lmdb.open(path, subdir=False, readonly=True, lock=False) as environment,
        environment.begin(buffers=True) as transaction,
    ):
        for key, value in transaction.cursor():
            total += len(bytes(key)) + len(bytes(value))
    return total


def bare_get(path: str, order: list[int]) -> int:
    """Copy all values in a given order."""
    total = 0
    with (
        lmdb.open(path, subdir=False, readonly=True, lock=False, readahead=False) as environment,
        environment.begin(buffers=True) as transaction,
    ):
        for index in order:
            key = f"{index:08d}".encode()
            total += len(key) + len(bytes(transaction.get(key) or b""))
    return total


def flow_of(path: str, *, shuffle: bool) -> int:
    """Read one epoch."""
    total = 0
    with LMDBData(path, shuffle=shuffle) as flow:
        for key, value in flow:
            total += len(key) + len(value)
    return total


def seconds(work: Callable[[], int]) -> float:
    """Time one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def torch_flow_of(path: str, records: int, *, shuffle: bool) -> int:
    """Read one epoch by PyTorch's DataLoader."""
    return sum(map(len, torch_lmdb.values(path, records, shuffle=shuffle)))


def compare(size: int, records: int, rounds: int, *, peers: bool) -> None:
    """Print the figures for values of one size."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "bench.lmdb"))
        write(path, records, size)
        order = np.random.default_rng(0).permutation(records).tolist()
        contestants = {
            "cursor": partial(bare_cursor, path),
            "in order": partial(flow_of, path, shuffle=False),
            "get": partial(bare_get, path, order),
            "shuffled": partial(flow_of, path, shuffle=True),
        }
        if peers and is_installed("torch"):
            for name, shuffle in (("torch in order", False), ("torch shuffled", True)):
                contestants[name] = partial(torch_flow_of, path, records, shuffle=shuffle)
        best = dict.fromkeys(contestants, float("inf"))
        for _ in range(rounds):
            for name, work in contestants.items():
                best[name] = min(best[name], seconds(work))
    print(f"{records} records of {size} bytes")
    for name, spent in best.items():
        print(f"{name:>16}: {spent / records * 1e6:8.2f} µs per record")
    for ours, limit, aim in (
        ("in order", "cursor", AIM_IN_ORDER),
        ("shuffled", "get", AIM_AT_RANDOM),
    ):
        ratio = best[limit] / best[ours]
        report(
            f"{ours} / bare {limit}, {size} bytes",
            ratio,
            f"≥ {aim}",
            reached=ratio >= aim,
            details=f"best of {rounds}",
        )


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, nargs="+", default=[110_000, 1000], help="of a value")
    parser.add_argument("--records", type=int, help="by default 440 MB of them, or 100,000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", action="store_true", help="measure PyTorch's DataLoader, too")
    options = parser.parse_args()
    for size in options.bytes:
        records = options.records or min(440_000_000 // size, 100_000)
        compare(size, records, options.rounds, peers=options.peers)


if __name__ == "__main__":
    main()
