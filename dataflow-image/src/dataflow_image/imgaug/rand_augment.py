"""RandAugment: a few operations out of fourteen, all equally strong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import (
    AutoContrastTransform,
    ColorTransform,
    EqualizeTransform,
    NoOpTransform,
    PointTransform,
    SharpnessTransform,
    Transform,
    TransformList,
    WarpAffineTransform,
    color_steps,
)
from dataflow_image.imgaug.transforms.affine_maps import PlaneMap, of_indices
from dataflow_image.imgaug.transforms.point_steps import PosterizeStep, SolarizeStep

__all__ = ["RandAugment"]

_STRONGEST = 30

# Each operation's strength at magnitude 30; the lower ones lie on the line to its own zero.
_MOST_SHEAR = 0.3
_MOST_SHIFT = 150.0 / 331.0  # of the side
_MOST_DEGREES = 30.0
_MOST_BLEND = 0.9
_MOST_BITS_LOST = 4
_BITS = 8
_WHITE = 255.0

_Warp = Callable[[float, int, int], Sequence[Sequence[float]]]


class RandAugment(ImageAugmentor):
    """Apply some of fourteen operations at random, each as strong as asked.

    After Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search
    space", with the strengths of torchvision: shear, shift and turn of the image, brightness,
    contrast, saturation, sharpness, fewer bits, solarisation, stretched and equalised histograms,
    or nothing. What has a direction takes either one, as likely. Images are BGR.

    >>> RandAugment(num_ops=3)
    RandAugment(num_ops=3, magnitude=9, interp=1, fill=0.0)

    Args:
        num_ops: how many operations, one after the other; the same may come again.
        magnitude: their strength, an int within [0, 30].
        interp: one of cv2's INTER_* constants, for what moves pixels.
        fill: the value of what lies outside of the image, or one per channel.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: `num_ops` is not positive, or `magnitude` beyond [0, 30].
    """

    reads_pixels = False

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        interp: int = cv2.INTER_LINEAR,
        fill: float | Sequence[float] = 0,
    ) -> None:
        owner = "RandAugment"
        self.num_ops = arguments.positive_int(owner, "num_ops", num_ops)
        self.magnitude = arguments.integer(owner, "magnitude", magnitude)
        if not 0 <= self.magnitude <= _STRONGEST:
            raise ValueError(f"{owner}: magnitude must lie within [0, 30], got {magnitude!r}")
        self.interp = arguments.interpolation(owner, interp, warps=True)
        self.fill = arguments.pixel_value(owner, "fill", fill)

    def get_transform(self, img: Image) -> TransformList:
        """Draw the operations and their directions."""
        h, w = image_size(img)
        rng = self.rng
        level = self.magnitude / _STRONGEST
        tfms: list[Transform] = []
        for choice in rng.integers(_COUNT, size=self.num_ops).tolist():
            signed = level if rng.random() < 0.5 else -level
            if choice < len(_WARPS):
                tfms.append(self._warp(_WARPS[choice](signed, h, w), h, w))
            elif choice < len(_WARPS) + len(_BLENDS):
                tfms.append(_BLENDS[choice - len(_WARPS)](1.0 + _MOST_BLEND * signed))
            else:
                tfms.append(_OTHERS[choice - len(_WARPS) - len(_BLENDS)](level))
        return TransformList(tfms)

    def _warp(self, point_map: Sequence[Sequence[float]], h: int, w: int) -> WarpAffineTransform:
        matrix: PlaneMap = of_indices(point_map)
        return WarpAffineTransform(matrix, (w, h), self.interp, cv2.BORDER_CONSTANT, self.fill)


def _shear_x(signed: float, _h: int, _w: int) -> Sequence[Sequence[float]]:
    return (1.0, _MOST_SHEAR * signed, 0.0), (0.0, 1.0, 0.0)


def _shear_y(signed: float, _h: int, _w: int) -> Sequence[Sequence[float]]:
    return (1.0, 0.0, 0.0), (_MOST_SHEAR * signed, 1.0, 0.0)


def _shift_x(signed: float, _h: int, w: int) -> Sequence[Sequence[float]]:
    # Whole pixels, so that a mere shift does not blur.
    return (1.0, 0.0, float(int(_MOST_SHIFT * signed * w))), (0.0, 1.0, 0.0)


def _shift_y(signed: float, h: int, _w: int) -> Sequence[Sequence[float]]:
    return (1.0, 0.0, 0.0), (0.0, 1.0, float(int(_MOST_SHIFT * signed * h)))


def _turn(signed: float, h: int, w: int) -> Sequence[Sequence[float]]:
    angle = math.radians(_MOST_DEGREES * signed)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = w / 2, h / 2
    return (cos, sin, x - cos * x - sin * y), (-sin, cos, y + sin * x - cos * y)


def _brightness(factor: float) -> Transform:
    return ColorTransform((color_steps.brightness(factor),))


def _contrast(factor: float) -> Transform:
    return ColorTransform((color_steps.Contrast(factor),))


def _saturation(factor: float) -> Transform:
    return ColorTransform((color_steps.saturation(factor),))


def _posterize(level: float) -> Transform:
    return PointTransform((PosterizeStep(_BITS - round(_MOST_BITS_LOST * level)),))


def _solarize(level: float) -> Transform:
    return PointTransform((SolarizeStep(_WHITE * (1.0 - level)),))


_WARPS: tuple[_Warp, ...] = (_shear_x, _shear_y, _shift_x, _shift_y, _turn)
_BLENDS: tuple[Callable[[float], Transform], ...] = (
    _brightness,
    _contrast,
    _saturation,
    SharpnessTransform,
)
_OTHERS: tuple[Callable[[float], Transform], ...] = (
    lambda _: NoOpTransform(),
    _posterize,
    _solarize,
    lambda _: AutoContrastTransform(),
    lambda _: EqualizeTransform(),
)
_COUNT = len(_WARPS) + len(_BLENDS) + len(_OTHERS)
