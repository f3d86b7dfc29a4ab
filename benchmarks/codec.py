"""What encoding and decoding a datapoint costs, beside pickle's protocol 5.

    python benchmarks/codec.py [--repeat N]

Prints the best of N rounds, in microseconds per datapoint: frames (`encode`, `decode`) are what a
socket or a pipe sends, packed (`dumps`, `loads`) is what a store keeps. Pickle copies every
array both ways, `decode` and `loads` none of the large ones. The last table shows what
`INLINE_BYTES` is chosen by: one array of n bytes in the header, or in a frame of its own.
"""

from __future__ import annotations

import argparse
import pickle
import timeit
from collections.abc import Callable
from functools import partial

import numpy as np

from dataflow_core.codec import decode, dumps, encode, loads, wire

DATAPOINTS: dict[str, object] = {
    "[75 kB uint8, int]": [np.zeros(75_000, np.uint8), 3],
    "[75 kB bytes, int]": [bytes(75_000), 3],
    "[1 kB bytes, int]": [bytes(1000), 3],
    "[int, float32 of 8]": [3, np.zeros(8, np.float32)],
    "{image 224x224x3, label}": {"image": np.zeros((224, 224, 3), np.uint8), "label": 3},
    "20 boxes as dicts": [{"box": (i / 3, i / 5, i / 7, 1.0), "id": i} for i in range(20)],
    "1000 ints": list(range(1000, 2000)),
}
SIZES = (64, 512, 1024, 2048, 4096, 8192, 16384)


def microseconds(function: Callable[[], object], repeat: int) -> float:
    """The best of `repeat` rounds of about 20 ms."""
    timer = timeit.Timer(function)
    once = timer.timeit(200) / 200
    number = max(1, int(0.02 / once))
    return min(timer.repeat(repeat, number)) / number * 1e6


def compare_datapoints(repeat: int) -> None:
    """One line for each kind of datapoint."""
    columns = ("encode", "decode", "copy=True", "dumps", "loads", "pickle", "unpickle")
    print(f"{'us per datapoint':26}" + "".join(f"{column:>10}" for column in columns))
    for name, datapoint in DATAPOINTS.items():
        frames, packed = encode(datapoint), dumps(datapoint)
        pickled = pickle.dumps(datapoint, 5)
        work: tuple[Callable[[], object], ...] = (
            partial(encode, datapoint),
            partial(decode, frames),
            partial(decode, frames, copy=True),
            partial(dumps, datapoint),
            partial(loads, packed),
            partial(pickle.dumps, datapoint, 5),
            partial(pickle.loads, pickled),
        )
        print(f"{name:26}" + "".join(f"{microseconds(item, repeat):10.2f}" for item in work))


def compare_thresholds(repeat: int) -> None:
    """One line for each size: `dumps` and `loads` together, inline against framed."""
    print(f"\n{'us, dumps + loads':26}{'inline':>10}{'framed':>10}")
    chosen = wire.INLINE_BYTES
    for size in SIZES:
        array = np.zeros(size, np.uint8)
        wire.INLINE_BYTES = size
        inline = microseconds(partial(there_and_back, array), repeat)
        wire.INLINE_BYTES = size - 1
        framed = microseconds(partial(there_and_back, array), repeat)
        print(f"{size:>20} bytes{inline:10.2f}{framed:10.2f}")
    wire.INLINE_BYTES = chosen


def there_and_back(datapoint: object) -> object:
    """What `INLINE_BYTES` makes dearer or cheaper."""
    return loads(dumps(datapoint))


def main() -> None:
    """Parse the arguments and print both tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="rounds of each measurement")
    repeat = parser.parse_args().repeat
    compare_datapoints(repeat)
    compare_thresholds(repeat)


if __name__ == "__main__":
    main()
