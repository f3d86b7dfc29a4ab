"""Decode no more of an image than the crop and resize that follow can show.

A JPEG decoder scales down by 2, 4 or 8 at a fraction of the cost of decoding in full. What the
first augmentor draws is known from the header's size; where it shrinks the image by more than such
a factor, the decoder does that part, and the transform is restated for the smaller image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dataflow_core.collate import row
from dataflow_image.decoding.encoded import EncodedImage
from dataflow_image.decoding.undecoded import UndecodedJpeg
from dataflow_image.imgaug import AugmentorList, ImageSpec
from dataflow_image.imgaug.augmentor_list import Course
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import (
    CropTransform,
    ResizeTransform,
    Transform,
    TransformList,
)
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["decode_reduced"]

_FACTORS = (8, 4, 2)
_COLOR_CHANNELS = 3


def decode_reduced(
    encoded: EncodedImage,
    augmentors: AugmentorList,
    channel: int,
    *,
    exif_orientation: bool,
    max_pixels: int | None,
) -> npt.NDArray[Any]:
    """Return the augmented uint8 image, decoded at a lower resolution where that is enough.

    The augmentors draw the same as for the whole image, and from the same generator.

    Raises:
        ImageDecodeError: the data is empty, cut off, too large, or no image that OpenCV can read.
    """
    header = encoded.check(max_pixels)
    first = augmentors.augmentors[0] if augmentors.augmentors else None
    # The other formats are decoded in full all the same.
    size = (0, 0)
    if header is not None and header.format == "jpeg":
        size = header.upright() if exif_orientation else (header.height, header.width)
    if 0 in size or first is None or first.reads_pixels:
        return _whole(
            encoded, augmentors, channel, exif_orientation=exif_orientation, max_pixels=max_pixels
        )
    axes = (_COLOR_CHANNELS,) if channel == _COLOR_CHANNELS else ()
    drawn = first.get_transform(ImageSpec((*size, *axes), np.dtype(np.uint8)).stand_in())
    tfms = drawn.tfms if isinstance(drawn, TransformList) else (drawn,)
    factor = _reduction(tfms)
    h, w = (-(-side // factor) for side in size)
    image: Image | Undecoded | None = UndecodedJpeg.of(
        encoded, channel, exif_orientation=exif_orientation, factor=factor
    )
    if image is None:
        image = encoded.decode_reduced(channel, factor, exif_orientation=exif_orientation)
    if image.shape[:2] != (h, w):
        # The decoder reads damaged metadata in ways of its own.
        return _whole(
            encoded, augmentors, channel, exif_orientation=exif_orientation, max_pixels=max_pixels
        )
    course = Course(image, fuse=augmentors.fuse)
    course.add(drawn if factor == 1 else TransformList(_restated(tfms, h, w, factor)))
    course.draw(augmentors.augmentors[1:])
    return course.finish(row)


def _whole(
    encoded: EncodedImage,
    augmentors: AugmentorList,
    channel: int,
    *,
    exif_orientation: bool,
    max_pixels: int | None,
) -> npt.NDArray[Any]:
    image = encoded.decode_reduced(channel, 1, exif_orientation=exif_orientation)
    # Not every header tells the size.
    encoded.refuse_large(image.shape[0], image.shape[1], max_pixels)
    return augmentors.augment(image)


def _reduction(tfms: Sequence[Transform]) -> int:
    """Return the factor by which the image may shrink before these transforms."""
    match tfms:
        case [CropTransform(), ResizeTransform() as resize, *_] | [ResizeTransform() as resize, *_]:
            scale = min(resize.h / resize.new_h, resize.w / resize.new_w)
            return next((factor for factor in _FACTORS if factor <= scale), 1)
    return 1


def _restated(
    tfms: Sequence[Transform], height: int, width: int, factor: int
) -> Sequence[Transform]:
    """Return the transforms for the image of (height, width) that is smaller by `factor`."""
    match tfms:
        case [CropTransform() as crop, ResizeTransform() as resize, *others]:
            # The window's edges move by less than half a pixel of the smaller image.
            y0, y1 = _edges(crop.y0, crop.h, height, factor)
            x0, x1 = _edges(crop.x0, crop.w, width, factor)
            return (
                CropTransform(y0, x0, y1 - y0, x1 - x0),
                ResizeTransform(y1 - y0, x1 - x0, resize.new_h, resize.new_w, resize.interp),
                *others,
            )
        case [ResizeTransform() as resize, *others]:
            return (
                ResizeTransform(height, width, resize.new_h, resize.new_w, resize.interp),
                *others,
            )
    return tfms


def _edges(start: int, length: int, limit: int, factor: int) -> tuple[int, int]:
    low = min(round(start / factor), limit - 1)
    return low, min(max(low + 1, round((start + length) / factor)), limit)
