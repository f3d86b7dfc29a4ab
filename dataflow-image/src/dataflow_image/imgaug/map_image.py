"""Wrap a function as an augmentor."""

from __future__ import annotations

from collections.abc import Callable

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import Coords, MapTransform

__all__ = ["MapImage"]


class MapImage(ImageAugmentor):
    """Give images to a function.

    >>> import numpy as np
    >>> MapImage(np.invert).augment(np.uint8([[0, 255]])).tolist()
    [[255, 0]]

    Args:
        func: takes an image and returns a new one; it must not write to its argument.
        coord_func: takes (N, 2) float points x y and returns them moved. Without it coordinates
            are refused with NotImplementedError; `lambda points: points` says that none moves.

    Raises:
        TypeError: an argument cannot be called; while augmenting, if `func` returns None.
    """

    def __init__(
        self,
        func: Callable[[Image], Image],
        coord_func: Callable[[Coords], Coords] | None = None,
    ) -> None:
        arguments.function("MapImage", "func", func)
        if coord_func is not None:
            arguments.function("MapImage", "coord_func", coord_func)
        self.func = func
        self.coord_func = coord_func

    def get_transform(self, img: Image) -> MapTransform:
        """Return the two functions as a transform."""
        return MapTransform(self.func, self.coord_func)
