"""Use the augmentors of albumentations."""

from __future__ import annotations

import importlib
from typing import Any

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import AlbumentationsTransform

__all__ = ["Albumentations"]

_SEEDS = 1 << 32


class Albumentations(ImageAugmentor):
    """Wrap an augmentor of albumentations, version 2 or later, or a whole `Compose`.

    Its draws come from `self.rng`, so they belong to the datapoint's position like all others.
    Images are handed over as they are: most of its augmentors expect RGB. Points that it loses, as
    its elastic distortions do near the edges, come back as NaN; where corners of boxes are lost,
    `AugmentImageComponents` raises a ValueError.

    Args:
        augmentor: the augmentor.

    Raises:
        ImportError: albumentations is not installed.
        TypeError: `augmentor` cannot be called.
    """

    def __init__(self, augmentor: Any) -> None:
        try:
            importlib.import_module("albumentations")
        except ImportError as error:
            raise ImportError(
                "imgaug.Albumentations wraps what albumentations offers, which is not installed: "
                "pip install albumentations"
            ) from error
        arguments.function("Albumentations", "augmentor", augmentor)
        self.augmentor = augmentor

    def get_transform(self, img: Image) -> AlbumentationsTransform:
        """Draw the seed."""
        seed = int(self.rng.integers(_SEEDS))
        return AlbumentationsTransform(self.augmentor, seed, img.shape, img.dtype.name)
