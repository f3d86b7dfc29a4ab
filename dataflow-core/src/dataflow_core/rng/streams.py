"""Random streams keyed by (seed, stream, epoch) and counted by position.

Philox4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) maps a 128-bit
key and a 256-bit counter to random words, so that any place of any stream is reached without the
ones before it. The words are laid out as

    key     = (seed, stream)
    counter = (blocks drawn at this place, domain, position or index, epoch)

and the domain keeps draws for a position, for a whole epoch and for an index apart. What an epoch
has beyond 64 bits stands above the domain, in the same word.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

SEED_BITS = 64
#: Drawn seeds stay within the integers that every JSON reader keeps exact.
FRESH_SEED_BITS = 53

POSITION_DOMAIN = 0
EPOCH_DOMAIN = 1
INDEX_DOMAIN = 2
CHILD_SEED_DOMAIN = 3
INNER_SEED_DOMAIN = 4
DOMAINS = 5

WORD_BITS = 64
WORD = 2**WORD_BITS - 1


@dataclass(frozen=True)
class RandomKey:
    """What names a random stream in one epoch: the flow's seed, the stage's stream, the epoch."""

    seed: int
    stream: int
    epoch: int


class Seat:
    """One bit generator of a stream, moved to a place for about 1 µs (a new one costs 9 to 17)."""

    __slots__ = ("_bits", "_counter", "_domain", "_state", "epoch", "generator", "position")

    def __init__(self, seed: int, stream: int, domain: int = POSITION_DOMAIN) -> None:
        key = np.array([seed, stream], dtype=np.uint64)
        self._bits = np.random.Philox(key=key)
        self._counter = np.array([0, domain, 0, 0], dtype=np.uint64)
        self._domain = domain
        self._state: Any = {**self._bits.state, "state": {"counter": self._counter, "key": key}}
        self.generator = np.random.Generator(self._bits)
        self.epoch = -1
        self.position = -1

    def move(self, epoch: int, position: int) -> np.random.Generator:
        """Return the generator at the start of the draws for (epoch, position)."""
        self._counter[2] = position
        if epoch != self.epoch:
            # Repetitions within repetitions count beyond one word.
            self._counter[1] = self._domain + ((epoch >> WORD_BITS) * DOMAINS & WORD)
            self._counter[3] = epoch & WORD
        self._bits.state = self._state
        self.epoch = epoch
        self.position = position
        return self.generator


def epoch_generator(key: RandomKey) -> np.random.Generator:
    """Return a new generator for what a stage draws once per epoch, such as a permutation."""
    return Seat(key.seed, key.stream, EPOCH_DOMAIN).move(key.epoch, 0)


def index_generator(key: RandomKey, index: int) -> np.random.Generator:
    """Return a new generator for what belongs to an index of a source, whatever its position."""
    return Seat(key.seed, key.stream, INDEX_DOMAIN).move(key.epoch, index)


def child_seed(seed: int, stream: int, child: int) -> int:
    """Return the seed of an independent clone: a function of the parent's seed and the number."""
    generator = Seat(seed, stream, CHILD_SEED_DOMAIN).move(0, child)
    return int(generator.integers(2**FRESH_SEED_BITS))


def inner_seed(key: RandomKey, number: int) -> int:
    """Return the seed of a flow that a generator made for itself, the `number`th in an epoch."""
    generator = Seat(key.seed, key.stream, INNER_SEED_DOMAIN).move(key.epoch, number)
    return int(generator.integers(2**FRESH_SEED_BITS))


def fresh_seed() -> int:
    """Return a seed from the operating system's randomness."""
    return int.from_bytes(os.urandom(SEED_BITS // 8), "big") >> (SEED_BITS - FRESH_SEED_BITS)


def checked_seed(seed: SupportsIndex) -> int:
    """Return `seed` as an int, or raise for what no stream can be keyed with.

    Raises:
        TypeError: if `seed` is not an integer.
        ValueError: if it is negative or has more than 64 bits.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        message = f"a seed is an integer, not {type(seed).__name__} ({seed!r})"
        raise TypeError(message) from None
    if not 0 <= number < 2**SEED_BITS:
        raise ValueError(f"a seed lies in 0 ... 2**{SEED_BITS} - 1, got {number}")
    return number
