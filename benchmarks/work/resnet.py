"""The input of a classifier: decode, crop and resize to 224, jitter, flip, batches of 64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import BatchData, DataFlow
from dataflow_image import AugmentImageComponent, DecodeImage
from dataflow_image.imgaug import (
    ChannelsFirst,
    ColorJitter,
    Flip,
    GoogleNetRandomCropAndResize,
    ImageAugmentor,
    Normalize,
)
from dataflow_image.recipes import IMAGENET_MEAN, IMAGENET_STD
from work.jpegs import Jpegs

BATCH_SIZE = 64
SIDE = 224

_TRIES = 10
_JITTER = 0.4

AUGMENTORS = (
    GoogleNetRandomCropAndResize(target_shape=SIDE),
    ColorJitter(brightness=_JITTER, contrast=_JITTER, saturation=_JITTER),
    Flip(horiz=True),
)


def pipeline(jpegs: Sequence[bytes], size: int, *, normalized: bool = False) -> DataFlow:
    """Return ours: batches [images (64, 224, 224, 3) uint8 BGR, numbers (64,) int32].

    Args:
        jpegs: they take turns.
        size: datapoints per epoch.
        normalized: images (64, 3, 224, 224) float32 instead, as a model wants them.
    """
    augmentors: list[ImageAugmentor] = [*AUGMENTORS]
    if normalized:
        augmentors += [Normalize(IMAGENET_MEAN, IMAGENET_STD), ChannelsFirst()]
    flow = AugmentImageComponent(DecodeImage(Jpegs(jpegs, size)), augmentors)
    return BatchData(flow, BATCH_SIZE)


class ByHand:
    """The same work with a few calls of cv2, for loaders that bring none: jpegs[i] → image.

    Args:
        jpegs: they take turns.
        size: datapoints per epoch.
    """

    def __init__(self, jpegs: Sequence[bytes], size: int) -> None:
        self._jpegs = jpegs
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> npt.NDArray[np.uint8]:
        rng = np.random.default_rng(index)
        encoded = np.frombuffer(self._jpegs[index % len(self._jpegs)], np.uint8)
        image: Any = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        image = cv2.resize(_cropped(image, rng), (SIDE, SIDE))
        image = cv2.transform(image, _colours(image, rng))
        return np.asarray(cv2.flip(image, 1) if rng.random() < 0.5 else image, np.uint8)


def _cropped(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    for _ in range(_TRIES):
        area = rng.uniform(0.08, 1.0) * height * width
        aspect = rng.uniform(0.75, 1.333)
        h, w = round((area / aspect) ** 0.5), round((area * aspect) ** 0.5)
        if h <= height and w <= width:
            top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
            return image[top : top + h, left : left + w]
    return image


def _colours(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return brightness, contrast and saturation as one (3, 4) map of colours."""
    brightness, contrast, saturation = rng.uniform(1 - _JITTER, 1 + _JITTER, 3)
    grey = np.array([0.114, 0.587, 0.299])
    mean = grey @ np.array(cv2.mean(image)[:3]) * brightness
    mix = saturation * np.eye(3) + (1 - saturation) * grey
    return np.column_stack(
        [mix * (brightness * contrast), np.full(3, (1 - contrast) * mean)],
    )
