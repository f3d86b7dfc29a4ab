"""LMDB: writing a flow, against bare puts of the same values at the same commit frequency.

Both write datapoints [bytes, int]; the bare loop has them encoded already. Every round times both,
one after the other, on the file system of the current folder, since commits wait for it; the ratio
printed is of the best rounds.
`python benchmarks/lmdb_writing.py [--bytes 110000] [--records 4000] [--every 500] [--rounds 5]`
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


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=110_000, help="of a value; a JPEG's size")
    parser.add_argument("--records", type=int, default=4000)
    parser.add_argument("--every", type=int, default=500, help="records between commits")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    contents = [os.urandom(options.bytes) for _ in range(min(options.records, 64))]
    points = [[contents[i % len(contents)], i] for i in range(options.records)]
    values = [codec.dumps(dp) for dp in points]
    bare = ours = float("inf")
    for _ in range(options.rounds):
        bare = min(bare, seconds(bare_puts, values, options.every))
        ours = min(ours, seconds(save, points, options.every))
    for name, spent in (("bare puts", bare), ("save", ours)):
        print(f"{name:>10}: {spent / options.records * 1e6:8.2f} µs per record")
    print(f"save / bare puts  {bare / ours:.2f}  (aim {AIM})")


if __name__ == "__main__":
    main()
