"""Time a run, and see that it is whole."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from typing import Any

#: Longer than what any loader is ahead by takes to make.
_SETTLE_SECONDS = 0.5

#: More than any loader is ahead by, in batches.
_AHEAD = 16


def seconds_for(items: Iterable[Any], expected: int) -> float:
    """Return the seconds it takes to receive all items, each let go of before the next but one.

    Raises:
        SystemExit: if they are not as many as expected: the two sides would do unequal work.
    """
    count = 0
    began = time.perf_counter()
    for count, _ in enumerate(items, 1):  # noqa: B007  counted, not looked at
        pass
    seconds = time.perf_counter() - began
    if count != expected:
        raise SystemExit(f"{count} items instead of {expected}: the two sides do unequal work")
    return seconds


def seconds_under_way(batches: Iterator[Any], count: int) -> float:
    """Return the seconds that `count` batches take in the middle of a long epoch.

    What was made while nobody asked is not counted, and what is still being made afterwards is
    waited for: it would slow down whoever is measured next.
    """
    for _ in itertools.islice(batches, _AHEAD):
        pass
    seconds = seconds_for(itertools.islice(batches, count), count)
    time.sleep(_SETTLE_SECONDS)
    return seconds
