"""Did every image of an epoch arrive exactly once?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dataflow_image.demo.errors import DemoError

__all__ = ["check_delivery"]

_MAX_LISTED = 10


def check_delivery(ids: Sequence[int], size: int, epoch: int) -> None:
    """Compare the ids that arrived with 0 ... size - 1.

    Raises:
        DemoError: some are missing, came more than once, or were never sent.

    Example:
        >>> check_delivery([2, 0, 1], size=3, epoch=0)
        >>> check_delivery([2, 0, 2], size=3, epoch=0)
        Traceback (most recent call last):
        ...
        dataflow_image.demo.errors.DemoError: epoch 0: images are missing: 1; came again: 2
    """
    counts = Counter(ids)
    wrong = {
        "images are missing": [number for number in range(size) if not counts[number]],
        "came again": sorted(number for number, count in counts.items() if count > 1),
        "were never sent": sorted(number for number in counts if not 0 <= number < size),
    }
    found = [f"{what}: {_listed(numbers)}" for what, numbers in wrong.items() if numbers]
    if found:
        raise DemoError(f"epoch {epoch}: {'; '.join(found)}")


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MAX_LISTED]))
    more = len(numbers) - _MAX_LISTED
    return f"{shown} and {more} more" if more > 0 else shown
