"""Threads that do nothing but decode: as fast as cv2 is."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import cv2
import numpy as np


def decode(jpegs: Sequence[bytes], size: int, threads: int = 2) -> None:
    """Decode `size` of the JPEGs, which take turns, in some threads."""
    # One `next` is one step of the interpreter, so that no number comes twice.
    numbers = itertools.count()

    def work() -> None:
        while (number := next(numbers)) < size:
            encoded = np.frombuffer(jpegs[number % len(jpegs)], np.uint8)
            cv2.imdecode(encoded, cv2.IMREAD_COLOR)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
