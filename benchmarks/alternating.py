"""Ratios of two durations that hold on a noisy machine.

Both sides are run in turn, so that what slows the machine down slows both. The ratio is that of
the best runs: noise only ever adds time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Durations in seconds of two ways, run in turn.

    Attributes:
        ours: of the way that is measured.
        limit: of the way that it is measured against.
    """

    ours: Sequence[float]
    limit: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times as long ours takes: best run against best run."""
        return min(self.ours) / min(self.limit)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the ratio over the rounds: how far to believe it."""
        rounds = [ours / limit for ours, limit in zip(self.ours, self.limit)]
        low, _, high = statistics.quantiles(rounds, n=4)
        return low, high


def measure(ours: Callable[[], float], limit: Callable[[], float], rounds: int) -> Timings:
    """Run both in turn, `rounds` times after one that does not count.

    Args:
        ours: runs once and returns its seconds.
        limit: the same for what it is measured against.
        rounds: at least 2.
    """
    ours()
    limit()
    pairs = [(ours(), limit()) for _ in range(rounds)]
    return Timings(*zip(*pairs))


def report(work: str, ratio: float, aim: str, *, reached: bool, details: str) -> None:
    """Print one line per ratio, the same in every benchmark."""
    verdict = "reached" if reached else "MISSED"
    print(f"{work}: {ratio:.2f} (aim {aim}, {verdict}; {details})", flush=True)
