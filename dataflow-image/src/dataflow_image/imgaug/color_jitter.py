"""Brightness, contrast, saturation and hue at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import uniforms
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import (
    ColorTransform,
    HueTransform,
    Transform,
    TransformList,
)
from dataflow_image.imgaug.transforms import color_steps as steps

__all__ = ["ColorJitter"]

_MAX_HUE = 0.5
_UNCHANGED = (1.0, 1.0)

_Operation: TypeAlias = Callable[[float], "steps.ColorStep | HueTransform"]


class ColorJitter(ImageAugmentor):
    """Change brightness, contrast, saturation and hue at random, in random order.

    Factors mean what they mean in torchvision: brightness f gives f * image; contrast and
    saturation give f * image + (1 - f) * grey, with grey the mean of the grey image for contrast,
    and the pixel's own grey for saturation. Images are BGR.

    However many of the three there are, they are computed as one affine colour map, in one pass.
    Between them nothing is rounded or clipped: that happens once, at the end, where uint8 images
    are rounded and saturated and float images clipped to [0, 255]. An image that a single
    operation would overexpose therefore keeps what the next one can bring back. Only hue, which is
    no affine map, divides the others into those before and those after it.

    >>> import numpy as np
    >>> jitter = ColorJitter(brightness=(0.5, 0.5), contrast=0, saturation=0)
    >>> jitter.augment(np.full((1, 1, 3), 100, np.uint8)).tolist()
    [[[50, 50, 50]]]

    Args:
        brightness: a number b draws the factor from [max(0, 1 - b), 1 + b), a pair from
            [low, high).
        contrast: likewise.
        saturation: likewise.
        hue: a number h within [0, 0.5] draws from [-h, h), a pair from [low, high) within
            [-0.5, 0.5], in turns of the colour circle.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a factor could be negative, or a range is empty.
    """

    reads_pixels = False

    def __init__(
        self,
        brightness: float | Sequence[float] = 0.0,
        contrast: float | Sequence[float] = 0.0,
        saturation: float | Sequence[float] = 0.0,
        hue: float | Sequence[float] = 0.0,
    ) -> None:
        owner = "ColorJitter"
        self.brightness = arguments.around_one(owner, "brightness", brightness)
        self.contrast = arguments.around_one(owner, "contrast", contrast)
        self.saturation = arguments.around_one(owner, "saturation", saturation)
        self.hue = arguments.around_zero(owner, "hue", hue, limit=_MAX_HUE)
        operations: tuple[tuple[_Operation, tuple[float, float], tuple[float, float]], ...] = (
            (steps.brightness, self.brightness, _UNCHANGED),
            (steps.Contrast, self.contrast, _UNCHANGED),
            (steps.saturation, self.saturation, _UNCHANGED),
            (_turn_hue, self.hue, (0.0, 0.0)),
        )
        self._active = [
            (operation, *limits)
            for operation, limits, no_effect in operations
            if limits != no_effect
        ]

    def get_transform(self, img: Image) -> Transform:
        """Draw order and factors; the mean for contrast is that of the image met later."""
        count = len(self._active)
        # Ranking uniform numbers is a uniform permutation, and one call draws all there is to draw.
        draws = uniforms(self.rng, 2 * count)
        tfms: list[Transform] = []
        run: list[steps.ColorStep] = []
        for index in sorted(range(count), key=draws.__getitem__):
            operation, low, high = self._active[index]
            drawn = operation(low + (high - low) * draws[count + index])
            if not isinstance(drawn, HueTransform):
                run.append(drawn)
                continue
            if run:
                tfms.append(ColorTransform(tuple(run)))
                run = []
            tfms.append(drawn)
        if run:
            tfms.append(ColorTransform(tuple(run)))
        return tfms[0] if len(tfms) == 1 else TransformList(tfms)


def _turn_hue(turns: float) -> HueTransform:
    return HueTransform(360.0 * turns)
