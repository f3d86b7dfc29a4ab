"""Time a run, and see that it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any


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
