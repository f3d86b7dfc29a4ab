"""The crop that ImageNet classifiers are trained with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.draws import index_below, uniforms
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms import (
    CropTransform,
    ResizeTransform,
    Transform,
    TransformList,
)

__all__ = ["GoogleNetRandomCropAndResize"]

_TRIES = 10


class GoogleNetRandomCropAndResize(ImageAugmentor):
    """Crop a window of random area and aspect ratio, and resize it to a fixed shape.

    A window that does not fit into the image is drawn again; after ten tries the image is resized
    to just cover the target, and its centre taken. After Szegedy et al., "Going Deeper with
    Convolutions", section 6.

    >>> import numpy as np
    >>> crop = GoogleNetRandomCropAndResize(target_shape=(32, 48))
    >>> crop.augment(np.zeros((100, 80, 3), np.uint8)).shape
    (32, 48, 3)

    Args:
        crop_area_fraction: range of the window's share of the image's area.
        aspect_ratio_range: range of the window's width / height.
        target_shape: (height, width) in pixels, or an int for a square.
        interp: one of cv2's INTER_* constants.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a range is empty or beyond what can be, or a shape is not positive.
    """

    reads_pixels = False

    def __init__(
        self,
        crop_area_fraction: Sequence[float] = (0.08, 1.0),
        aspect_ratio_range: Sequence[float] = (0.75, 1.333),
        target_shape: int | Sequence[int] = 224,
        interp: int = cv2.INTER_LINEAR,
    ) -> None:
        owner = "GoogleNetRandomCropAndResize"
        self.crop_area_fraction = arguments.interval(
            owner, "crop_area_fraction", crop_area_fraction, minimum=0.0, maximum=1.0
        )
        self.aspect_ratio_range = arguments.interval(
            owner, "aspect_ratio_range", aspect_ratio_range, minimum=0.0
        )
        if self.crop_area_fraction[0] <= 0 or self.aspect_ratio_range[0] <= 0:
            raise ValueError(
                f"{owner}: crop_area_fraction and aspect_ratio_range must be above 0, got "
                f"{crop_area_fraction!r} and {aspect_ratio_range!r}"
            )
        self.target_shape = arguments.shape_2d(owner, "target_shape", target_shape)
        self.interp = arguments.interpolation(owner, interp)

    def get_transform(self, img: Image) -> Transform:
        """Draw the window, and return crop and resize."""
        h, w = image_size(img)
        crop = self._draw_window(h, w)
        if crop is None:
            return self._centre(h, w)
        return TransformList(
            [crop, ResizeTransform(crop.h, crop.w, *self.target_shape, self.interp)]
        )

    def _draw_window(self, h: int, w: int) -> CropTransform | None:
        rng = self.rng
        (least, most), (narrowest, widest) = self.crop_area_fraction, self.aspect_ratio_range
        for _ in range(_TRIES):
            # One call for all that a window takes, since each costs as much as the arithmetic.
            for_area, for_ratio, for_y, for_x = uniforms(rng, 4)
            area = h * w * (least + (most - least) * for_area)
            aspect_ratio = narrowest + (widest - narrowest) * for_ratio
            crop_h = int(math.sqrt(area / aspect_ratio) + 0.5) or 1
            crop_w = int(math.sqrt(area * aspect_ratio) + 0.5) or 1
            if crop_h <= h and crop_w <= w:
                y0, x0 = index_below(h - crop_h + 1, for_y), index_below(w - crop_w + 1, for_x)
                return CropTransform(y0, x0, crop_h, crop_w)
        return None

    def _centre(self, h: int, w: int) -> TransformList:
        target_h, target_w = self.target_shape
        scale = max(target_h / h, target_w / w)
        # Rounding must not leave the image smaller than the target.
        new_h = max(target_h, int(h * scale + 0.5))
        new_w = max(target_w, int(w * scale + 0.5))
        return TransformList(
            [
                ResizeTransform(h, w, new_h, new_w, self.interp),
                CropTransform((new_h - target_h) // 2, (new_w - target_w) // 2, target_h, target_w),
            ]
        )
