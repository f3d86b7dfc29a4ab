"""Augmentors that normalise and clip values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import (
    ClipTransform,
    NormalizeTransform,
    RescaleTransform,
    StandardizeTransform,
)

__all__ = ["Clip", "MeanVarianceNormalize", "MinMaxNormalize", "Normalize"]


class Normalize(ImageAugmentor):
    """Compute (image - mean) / std as float32.

    >>> import numpy as np
    >>> Normalize(mean=128, std=64).augment(np.uint8([[0, 192]]))
    array([[-2.,  1.]], dtype=float32)

    Args:
        mean: one number, or one per channel in the images' order, in units of pixel values.
        std: likewise; above zero.

    Raises:
        TypeError: an argument is made of something else than numbers.
        ValueError: `std` is not above zero, or of another length than `mean`.
    """

    reads_pixels = False

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean = _per_channel("mean", mean)
        self.std = _per_channel("std", std)
        if min(self.std) <= 0:
            raise ValueError(f"Normalize: std must be above zero, got {std!r}")
        if 1 not in (len(self.mean), len(self.std)) and len(self.mean) != len(self.std):
            raise ValueError(
                "Normalize: mean and std must be one number or one per channel, so of one length; "
                f"got {mean!r} and {std!r}"
            )

    def get_transform(self, img: Image) -> NormalizeTransform:
        """Return the normalisation."""
        return NormalizeTransform(self.mean, self.std)


class MeanVarianceNormalize(ImageAugmentor):
    """Bring an image's own mean to 0 and its standard deviation to 1, as float32.

    >>> import numpy as np
    >>> MeanVarianceNormalize().augment(np.uint8([[0, 200]]))
    array([[-1.,  1.]], dtype=float32)

    Args:
        all_channel: measure all channels together; else each by itself.
    """

    reads_pixels = False

    def __init__(self, all_channel: bool = True) -> None:
        self.all_channel = bool(all_channel)

    def get_transform(self, img: Image) -> StandardizeTransform:
        """Return the normalisation; it measures the image that it is given later."""
        return StandardizeTransform(self.all_channel)


class MinMaxNormalize(ImageAugmentor):
    """Stretch an image's values so that they just fill [min, max], as float32.

    >>> import numpy as np
    >>> MinMaxNormalize(0, 1).augment(np.uint8([[50, 100, 150]]))
    array([[0. , 0.5, 1. ]], dtype=float32)

    Args:
        min: what the least value becomes, in units of pixel values.
        max: what the greatest value becomes.
        all_channel: measure all channels together; else each by itself.

    Raises:
        ValueError: `min` is above `max`.
    """

    reads_pixels = False

    def __init__(self, min: float = 0, max: float = 255, all_channel: bool = True) -> None:  # noqa: A002  # the names users know
        self.min, self.max = arguments.interval("MinMaxNormalize", "(min, max)", (min, max))
        self.all_channel = bool(all_channel)

    def get_transform(self, img: Image) -> RescaleTransform:
        """Return the stretching; it measures the image that it is given later."""
        return RescaleTransform(self.min, self.max, self.all_channel)


class Clip(ImageAugmentor):
    """Clip values to [min, max].

    >>> Clip()
    Clip(min=0.0, max=255.0)

    Args:
        min: the least value, in units of pixel values.
        max: the greatest value.

    Raises:
        ValueError: `min` is above `max`.
    """

    reads_pixels = False

    def __init__(self, min: float = 0, max: float = 255) -> None:  # noqa: A002  # the names users know
        self.min, self.max = arguments.interval("Clip", "(min, max)", (min, max))

    def get_transform(self, img: Image) -> ClipTransform:
        """Return the clipping."""
        return ClipTransform(self.min, self.max)


def _per_channel(name: str, value: float | Sequence[float]) -> tuple[float, ...]:
    values = np.atleast_1d(value).tolist()
    if not values or np.ndim(value) > 1:
        raise ValueError(f"Normalize: {name} must be a number or one per channel, got {value!r}")
    return tuple(arguments.finite("Normalize", name, number) for number in values)
