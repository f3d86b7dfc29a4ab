"""What a reader accepts, and what a writer therefore does not write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one encoded datapoint; a writer and a reader should share them.

    Attributes:
        max_depth: how many containers may lie inside one another.
        max_frames: frames of one datapoint, the header included.
        max_bytes: bytes of all frames together.
        max_rare_keys: keys of one dict that are neither str, bytes, None, bool, float nor an int
            of 64 bits. Their hashes can be chosen by whoever writes them, and a dict of n keys
            with equal hashes takes n² steps to fill.

    Raises:
        ValueError: a bound is below 1.

    >>> Limits(max_depth=8).max_depth
    8
    """

    max_depth: int = 64
    max_frames: int = 1 << 16
    max_bytes: int = 1 << 38
    max_rare_keys: int = 4096

    def __post_init__(self) -> None:
        for name, bound in vars(self).items():
            if bound < 1:
                raise ValueError(f"Limits({name}={bound!r}): a bound must be at least 1")


DEFAULT = Limits()
"""The limits that are used where none are given."""
