"""Augmentors that resize."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import cv2

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import integer, uniform
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import ResizeTransform

__all__ = ["RandomResize", "Resize", "ResizeShortestEdge"]

_TRIES = 50


class Resize(ImageAugmentor):
    """Resize to a fixed shape, whatever that does to the aspect ratio.

    >>> import numpy as np
    >>> Resize((2, 3)).augment(np.zeros((8, 8, 3), np.uint8)).shape
    (2, 3, 3)

    Args:
        shape: (height, width) in pixels, or an int for a square.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: `shape` is made of something else.
        ValueError: `shape` is not positive, or `interp` unknown.
    """

    reads_pixels = False

    def __init__(self, shape: int | Sequence[int], interp: int = cv2.INTER_LINEAR) -> None:
        self.shape = arguments.shape_2d("Resize", "shape", shape)
        self.interp = arguments.interpolation("Resize", interp)

    def get_transform(self, img: Image) -> ResizeTransform:
        """Return the resize from the image's size."""
        return ResizeTransform(*image_size(img), *self.shape, self.interp)


class ResizeShortestEdge(ImageAugmentor):
    """Resize so that the shorter edge gets a fixed length, keeping the aspect ratio.

    >>> import numpy as np
    >>> ResizeShortestEdge(10).augment(np.zeros((20, 31), np.uint8)).shape
    (10, 16)

    Args:
        size: length of the shorter edge, in pixels; the other one is rounded.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: `size` is no int.
        ValueError: `size` is not positive, or `interp` unknown.
    """

    reads_pixels = False

    def __init__(self, size: int, interp: int = cv2.INTER_LINEAR) -> None:
        self.size = arguments.positive_int("ResizeShortestEdge", "size", size)
        self.interp = arguments.interpolation("ResizeShortestEdge", interp)

    def get_transform(self, img: Image) -> ResizeTransform:
        """Return the resize from the image's size."""
        h, w = image_size(img)
        scale = self.size / min(h, w)
        return ResizeTransform(h, w, int(h * scale + 0.5), int(w * scale + 0.5), self.interp)


class RandomResize(ImageAugmentor):
    """Resize by random factors, or to a random size.

    Sizes that change the aspect ratio too much are drawn again; if fifty in a row do, the image
    keeps its size.

    >>> import numpy as np
    >>> RandomResize((0.5, 0.5)).augment(np.zeros((40, 60, 3), np.uint8)).shape
    (20, 30, 3)
    >>> RandomResize((90, 90)).augment(np.zeros((40, 60, 3), np.uint8)).shape
    (60, 90, 3)

    Args:
        xrange: (low, high) of the factor that the width is multiplied by; or, if both are ints,
            of the width in pixels, every int of [low, high) being as likely. Where both are equal,
            it is always that.
        yrange: the same for the height; None keeps the aspect ratio.
        minimum: least (width, height) of the result, in pixels.
        aspect_ratio_thres: how much the aspect ratio may change, relative to the image's own; for
            0 it is kept, and `yrange` must be None.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: an argument is of another kind, or one range has ints and the other floats.
        ValueError: a range is empty or not above zero, or `yrange` is given though the aspect
            ratio is to be kept.
    """

    reads_pixels = False

    def __init__(
        self,
        xrange: Sequence[float],
        yrange: Sequence[float] | None = None,
        minimum: Sequence[int] = (0, 0),
        aspect_ratio_thres: float = 0.15,
        interp: int = cv2.INTER_LINEAR,
    ) -> None:
        owner = "RandomResize"
        self.xrange = _sizes("xrange", xrange)
        self.yrange = None if yrange is None else _sizes("yrange", yrange)
        self._in_pixels = _are_ints(xrange)
        if yrange is not None and _are_ints(yrange) != self._in_pixels:
            raise TypeError(
                f"{owner}: xrange and yrange must both be factors (floats) or both pixels (ints), "
                f"got {xrange!r} and {yrange!r}"
            )
        self.minimum = arguments.integer_pair(owner, "minimum", minimum, minimum=0)
        self.aspect_ratio_thres = arguments.not_negative(
            owner, "aspect_ratio_thres", aspect_ratio_thres
        )
        if self.aspect_ratio_thres == 0 and yrange is not None:
            raise ValueError(
                f"{owner}: aspect_ratio_thres=0 keeps the aspect ratio; leave yrange out"
            )
        self.interp = arguments.interpolation(owner, interp)

    def get_transform(self, img: Image) -> ResizeTransform:
        """Draw the size."""
        h, w = image_size(img)
        for _ in range(_TRIES):
            new_h, new_w = self._draw_size(h, w)
            change = abs(new_w * h / (new_h * w) - 1.0)
            if self.yrange is None or change <= self.aspect_ratio_thres:
                return ResizeTransform(h, w, new_h, new_w, self.interp)
        return ResizeTransform(h, w, h, w, self.interp)

    def _draw_size(self, h: int, w: int) -> tuple[int, int]:
        width = self._draw_length(self.xrange, w)
        height = width * h / w if self.yrange is None else self._draw_length(self.yrange, h)
        least_w, least_h = self.minimum
        return max(1, least_h, int(height + 0.5)), max(1, least_w, int(width + 0.5))

    def _draw_length(self, limits: tuple[float, float], length: int) -> float:
        low, high = limits
        if self._in_pixels:
            return integer(self.rng, int(low), max(int(high), int(low) + 1))
        return uniform(self.rng, low, high) * length


def _are_ints(limits: Sequence[float]) -> bool:
    return all(isinstance(limit, Integral) for limit in limits)


def _sizes(name: str, limits: Sequence[float]) -> tuple[float, float]:
    low, high = arguments.interval("RandomResize", name, limits, minimum=0.0)
    if low <= 0:
        raise ValueError(f"RandomResize: {name} must be above zero, got {limits!r}")
    # Ints stay ints, so that the repr is a constructor call with the same meaning.
    return (int(low), int(high)) if _are_ints(limits) else (low, high)
