"""What is known of an image before its pixels exist."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Image", "ImageSpec", "channel_count", "image_size"]

Image: TypeAlias = npt.NDArray[Any]
"""(height, width) or (height, width, channels); uint8 or float."""


_PLANE_NDIM = 2


class ImageSpec(NamedTuple):
    """Shape and dtype of an image.

    >>> ImageSpec.of(np.zeros((2, 3), np.uint8)).resized(4, 5).shape
    (4, 5)
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, img: Image) -> ImageSpec:
        """Describe an image that exists."""
        return cls(img.shape, img.dtype)

    def resized(self, height: int, width: int) -> ImageSpec:
        """Describe the same image at another size."""
        return ImageSpec((height, width, *self.shape[2:]), self.dtype)

    def stand_in(self) -> Image:
        """Return a read-only array of this shape and dtype that takes no memory: all zeros."""
        return _stand_in(*self)


@lru_cache(maxsize=256)
def _stand_in(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Image:
    blank: Image = np.ndarray(shape, dtype, bytes(dtype.itemsize), 0, (0,) * len(shape))
    return blank


def image_size(img: object) -> tuple[int, int]:
    """Return the (height, width) of an image.

    Raises:
        TypeError: `img` is no array of two or three dimensions.
    """
    if isinstance(img, np.ndarray) and img.ndim in (2, 3):
        return img.shape[0], img.shape[1]
    found = f"shape {img.shape}" if isinstance(img, np.ndarray) else type(img).__name__
    raise TypeError(
        "an image is a numpy array of shape (height, width) or (height, width, channels), "
        f"got {found}"
    )


def channel_count(img: Image) -> int:
    """Return the number of channels: the length of the third axis, or one without it."""
    shape = img.shape
    return shape[2] if len(shape) > _PLANE_NDIM else 1
