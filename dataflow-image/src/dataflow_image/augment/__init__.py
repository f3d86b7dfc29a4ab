"""Operators that augment images, and what is marked in them, as they flow by."""

from __future__ import annotations

from dataflow_image.augment.component import AugmentImageComponent
from dataflow_image.augment.components import AugmentImageComponents
from dataflow_image.augment.coordinates import AugmentImageCoordinates
from dataflow_image.augment.undecoded import takes_undecoded

__all__ = [
    "AugmentImageComponent",
    "AugmentImageComponents",
    "AugmentImageCoordinates",
    "takes_undecoded",
]
