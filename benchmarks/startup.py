"""How long the first batch takes: after construction, and after the end of an epoch.

Images that lie in memory are flipped and batched by 2 workers, which is work of milliseconds: what
is measured is starting interpreters and importing numpy, cv2 and dataflow_image in them.

    python benchmarks/startup.py [--rounds 5] [--peers]
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import cv2
import numpy.typing as npt
from alternating import report
from peers import Peer, installed
from work import images

from dataflow_core import BatchData
from dataflow_image import AugmentImageComponent
from dataflow_image.imgaug import Flip

WORKERS = 2
BATCHES = 8
AIM_FIRST_SECONDS = 1.0
AIM_SECOND_SECONDS = 0.05


@dataclass(frozen=True)
class FirstBatches:
    """Seconds until a batch is there.

    Attributes:
        first: the first epoch's first, since the flow began to be built.
        second: the second epoch's first, since the first epoch's end.
    """

    first: float
    second: float


def first_batches(backend: str) -> FirstBatches:
    """Build a flow; run an epoch of it and the beginning of another."""
    source = images.Images(BATCHES * images.BATCH_SIZE)
    began = time.perf_counter()
    flipped = AugmentImageComponent(source, [Flip(horiz=True)])
    with BatchData(flipped, images.BATCH_SIZE).parallel(WORKERS, backend=backend) as df:
        epoch = iter(df)
        next(epoch)
        first = time.perf_counter() - began
        for _ in epoch:
            pass
        ended = time.perf_counter()
        next(iter(df))
        return FirstBatches(first, time.perf_counter() - ended)


class Flipped(images.Images):
    """Those images, flipped by cv2, for loaders that bring no flip."""

    def __getitem__(self, index: int, /) -> list[npt.NDArray[Any]]:
        return [cv2.flip(image, 1) for image in super().__getitem__(index)]


def first_of(peer: Peer) -> float:
    """Return the seconds until another loader's first batch."""
    source = Flipped(BATCHES * images.BATCH_SIZE)
    began = time.perf_counter()
    with closing(peer.batches(source, images.BATCH_SIZE, WORKERS)) as batches:
        next(batches)
        return time.perf_counter() - began


def main() -> None:
    """Print both, for either backend with processes."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="flows that are built")
    parser.add_argument("--peers", action="store_true", help="measure other loaders, too")
    options = parser.parse_args()
    for backend in ("process", "zmq"):
        rounds = [first_batches(backend) for _ in range(options.rounds)]
        for name, seconds, aim in (
            ("first batch after construction", [each.first for each in rounds], AIM_FIRST_SECONDS),
            (
                "second epoch's first batch after the first epoch's end",
                [each.second for each in rounds],
                AIM_SECOND_SECONDS,
            ),
        ):
            report(
                f"{name}, {WORKERS} workers of the {backend} backend, s",
                min(seconds),
                f"≤ {aim:g}",
                reached=min(seconds) <= aim,
                details=f"slowest of {options.rounds}: {max(seconds):.2f} s",
            )
    for peer in installed("process") if options.peers else ():
        spent = [first_of(peer) for _ in range(options.rounds)]
        print(f"  first batch, {peer}: {min(spent):.2f} s", flush=True)


if __name__ == "__main__":
    main()
