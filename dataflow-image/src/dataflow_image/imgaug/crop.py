"""Augmentors that crop."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import integer
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import CropTransform

__all__ = ["CenterCrop", "RandomCrop", "RandomCropRandomShape"]


class RandomCrop(ImageAugmentor):
    """Cut a window of fixed shape out at random, every place as likely.

    >>> import numpy as np
    >>> RandomCrop((4, 5)).augment(np.zeros((8, 8, 3), np.uint8)).shape
    (4, 5, 3)

    Args:
        crop_shape: (height, width) in pixels, or an int for a square.

    Raises:
        TypeError: `crop_shape` is made of something else.
        ValueError: `crop_shape` is not positive; or, from `get_transform`, the image is smaller.
    """

    reads_pixels = False

    def __init__(self, crop_shape: int | Sequence[int]) -> None:
        self.crop_shape = arguments.shape_2d("RandomCrop", "crop_shape", crop_shape)

    def get_transform(self, img: Image) -> CropTransform:
        """Draw the window."""
        spare_h, spare_w = _spare(self, img, self.crop_shape)
        rng = self.rng
        y0, x0 = integer(rng, 0, spare_h + 1), integer(rng, 0, spare_w + 1)
        return CropTransform(y0, x0, *self.crop_shape)


class RandomCropRandomShape(ImageAugmentor):
    """Cut a window of random shape out, anywhere.

    Height and width are drawn apart, every int from the minimum to the maximum being as likely;
    where an image is smaller than a maximum, its own length takes that place.

    >>> import numpy as np
    >>> RandomCropRandomShape(wmin=3, hmin=2, wmax=3, hmax=2).augment(np.zeros((9, 9))).shape
    (2, 3)

    Args:
        wmin: least width, in pixels.
        hmin: least height, in pixels.
        wmax: greatest width, included; None is the image's own.
        hmax: greatest height, likewise.

    Raises:
        TypeError: an argument is no int.
        ValueError: a minimum is not positive, or above its maximum; or, from `get_transform`, the
            image is smaller than the minimum.
    """

    reads_pixels = False

    def __init__(
        self, wmin: int, hmin: int, wmax: int | None = None, hmax: int | None = None
    ) -> None:
        owner = "RandomCropRandomShape"
        self.wmin = arguments.positive_int(owner, "wmin", wmin)
        self.hmin = arguments.positive_int(owner, "hmin", hmin)
        self.wmax = None if wmax is None else arguments.positive_int(owner, "wmax", wmax)
        self.hmax = None if hmax is None else arguments.positive_int(owner, "hmax", hmax)
        for axis, low, high in (("w", self.wmin, self.wmax), ("h", self.hmin, self.hmax)):
            if high is not None and low > high:
                raise ValueError(f"{owner}: {axis}min={low} is above {axis}max={high}")

    def get_transform(self, img: Image) -> CropTransform:
        """Draw shape and place."""
        _spare(self, img, (self.hmin, self.wmin))
        h, w = image_size(img)
        rng = self.rng
        crop_h = integer(rng, self.hmin, min(h, self.hmax or h) + 1)
        crop_w = integer(rng, self.wmin, min(w, self.wmax or w) + 1)
        y0, x0 = integer(rng, 0, h - crop_h + 1), integer(rng, 0, w - crop_w + 1)
        return CropTransform(y0, x0, crop_h, crop_w)


class CenterCrop(ImageAugmentor):
    """Cut a window of fixed shape out of the middle.

    >>> import numpy as np
    >>> CenterCrop(1).augment(np.arange(9).reshape(3, 3))
    array([[4]])

    Args:
        crop_shape: (height, width) in pixels, or an int for a square.

    Raises:
        TypeError: `crop_shape` is made of something else.
        ValueError: `crop_shape` is not positive; or, from `get_transform`, the image is smaller.
    """

    reads_pixels = False

    def __init__(self, crop_shape: int | Sequence[int]) -> None:
        self.crop_shape = arguments.shape_2d("CenterCrop", "crop_shape", crop_shape)

    def get_transform(self, img: Image) -> CropTransform:
        """Return the window; where it cannot be centred, the upper or left side is the shorter."""
        spare_h, spare_w = _spare(self, img, self.crop_shape)
        return CropTransform(spare_h // 2, spare_w // 2, *self.crop_shape)


def _spare(owner: ImageAugmentor, img: Image, crop_shape: tuple[int, int]) -> tuple[int, int]:
    (h, w), (crop_h, crop_w) = image_size(img), crop_shape
    if crop_h > h or crop_w > w:
        raise ValueError(
            f"{owner!r} needs an image of at least {crop_h}x{crop_w} (h x w), got {h}x{w}: put "
            "Resize or ResizeShortestEdge before it"
        )
    return h - crop_h, w - crop_w
