"""Augmentors that put an image onto a larger background."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import (
    BackgroundFiller,
    ConstantBackgroundFiller,
    PasteTransform,
)

__all__ = ["CenterPaste", "RandomPaste"]


class _Paste(ImageAugmentor):
    reads_pixels = False

    def __init__(
        self,
        background_shape: int | Sequence[int],
        background_filler: BackgroundFiller | None = None,
    ) -> None:
        owner = type(self).__name__
        self.background_shape = arguments.shape_2d(owner, "background_shape", background_shape)
        if background_filler is None:
            background_filler = ConstantBackgroundFiller(0)
        if not isinstance(background_filler, BackgroundFiller):
            raise TypeError(
                f"{owner}: background_filler must be a BackgroundFiller, got {background_filler!r}"
            )
        self.background_filler = background_filler

    def get_transform(self, img: Image) -> PasteTransform:
        """Choose the place."""
        (h, w), (height, width) = image_size(img), self.background_shape
        if h > height or w > width:
            raise ValueError(
                f"{self!r} was given an image of {h}x{w} (h x w): make background_shape larger, or "
                "put Resize before it"
            )
        y0, x0 = self._place(height - h, width - w)
        return PasteTransform(y0, x0, h, w, height, width, self.background_filler)

    @abstractmethod
    def _place(self, spare_h: int, spare_w: int) -> tuple[int, int]:
        """Return (y0, x0), given how much room there is."""


class CenterPaste(_Paste):
    """Put the image into the middle of a background.

    >>> import numpy as np
    >>> CenterPaste((3, 3), ConstantBackgroundFiller(9)).augment(np.uint8([[1]])).tolist()
    [[9, 9, 9], [9, 1, 9], [9, 9, 9]]

    Args:
        background_shape: (height, width) in pixels, or an int for a square.
        background_filler: makes the background; None is black.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a shape is not positive; or, from `get_transform`, the image is larger.
    """

    def _place(self, spare_h: int, spare_w: int) -> tuple[int, int]:
        return spare_h // 2, spare_w // 2


class RandomPaste(_Paste):
    """Put the image anywhere onto a background, all places being as likely.

    >>> import numpy as np
    >>> RandomPaste((40, 60)).augment(np.zeros((20, 30, 3), np.uint8)).shape
    (40, 60, 3)

    Args:
        background_shape: (height, width) in pixels, or an int for a square.
        background_filler: makes the background; None is black.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a shape is not positive; or, from `get_transform`, the image is larger.
    """

    def _place(self, spare_h: int, spare_w: int) -> tuple[int, int]:
        return int(self.rng.integers(spare_h + 1)), int(self.rng.integers(spare_w + 1))
