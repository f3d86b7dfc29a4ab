"""Sets of numbers as a few spans, for datapoints that were taken."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence


class Spans:
    """A set of non-negative integers that holds whole stretches of them.

    Example:
        >>> spans = Spans([(0, 3), (5, 6)])
        >>> spans.add(3, 5)
        >>> spans.pairs(), len(spans), spans.end_of(2)
        ([(0, 6)], 6, 6)
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, pairs: Iterable[Sequence[int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, end in pairs:
            self.add(first, end)

    def __len__(self) -> int:
        return sum(self._lasts) - sum(self._firsts)

    def pairs(self) -> list[tuple[int, int]]:
        """Return the spans as (first, end), ascending, with gaps between."""
        return list(zip(self._firsts, self._lasts))

    def add(self, first: int, end: int) -> None:
        """Add first ... end - 1."""
        if end <= first:
            return
        left = bisect_left(self._lasts, first)
        right = bisect_right(self._firsts, end)
        if left < right:
            first = min(first, self._firsts[left])
            end = max(end, self._lasts[right - 1])
        self._firsts[left:right] = [first]
        self._lasts[left:right] = [end]

    def end_of(self, number: int) -> int:
        """Return the end of the span that holds `number`, or `number` if none does."""
        at = bisect_right(self._firsts, number) - 1
        return max(number, self._lasts[at]) if at >= 0 else number

    def next_after(self, number: int) -> int | None:
        """Return where the first span after `number` begins, if there is one."""
        at = bisect_right(self._firsts, number)
        return self._firsts[at] if at < len(self._firsts) else None

    def covers(self, first: int, end: int) -> bool:
        """Whether all of first ... end - 1 are in."""
        return end <= first or self.end_of(first) >= end

    def overlaps(self, first: int, end: int) -> bool:
        """Whether any of first ... end - 1 is in."""
        if end <= first:
            return False
        after = self.next_after(first)
        return self.end_of(first) > first or (after is not None and after < end)

    def without(self, other: Spans) -> list[tuple[int, int]]:
        """Return the spans of what is in here and not in `other`."""
        left = []
        for first, end in self.pairs():
            at = first
            while at < end:
                at = other.end_of(at)
                after = other.next_after(at)
                until = end if after is None else min(end, after)
                if at < until:
                    left.append((at, until))
                at = max(at, until)
        return left
