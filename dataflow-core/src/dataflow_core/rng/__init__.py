"""Random numbers that belong to positions: the same draws on any worker, after any resume."""

from __future__ import annotations

from dataflow_core.rng.at_hand import (
    DrawContext,
    InnerSeeds,
    at_hand,
    drawn_seed,
    hold,
    let_go,
    rng,
    rng_at_hand,
    seeded,
)
from dataflow_core.rng.bijection import Bijection
from dataflow_core.rng.streams import (
    RandomKey,
    Seat,
    checked_seed,
    child_seed,
    epoch_generator,
    fresh_seed,
    index_generator,
)

__all__ = [
    "Bijection",
    "DrawContext",
    "InnerSeeds",
    "RandomKey",
    "Seat",
    "at_hand",
    "checked_seed",
    "child_seed",
    "drawn_seed",
    "epoch_generator",
    "fresh_seed",
    "hold",
    "index_generator",
    "let_go",
    "rng",
    "rng_at_hand",
    "seeded",
]
