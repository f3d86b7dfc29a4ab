"""Find the images in a datapoint."""

from __future__ import annotations

import os

import numpy as np

from dataflow_core import Component, ComponentError, Datapoint
from dataflow_core.flow import Index, component
from dataflow_image.imgaug import Transform, TransformList
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import ChannelsFirstTransform
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["first_image_at", "image_at", "refuse_other_size", "size_after"]

_IMAGE_NDIMS = (2, 3)


def first_image_at(dp: Datapoint, index: Index, stage: str) -> Image | Undecoded:
    """Return `dp[index]`, as `image_at` does, unless the stage before has left it undecoded."""
    value = component(dp, index, stage)
    return value if isinstance(value, Undecoded) else image_at(dp, index, stage)


def image_at(dp: Datapoint, index: Index, stage: str) -> Image:
    """Return `dp[index]`, (height, width) or (height, width, channels).

    Raises:
        ComponentError: there is no such component, or it is no image; the message says what to do.
    """
    value = component(dp, index, stage)
    if isinstance(value, np.ndarray) and value.ndim in _IMAGE_NDIMS:
        return value
    if _encoded(value):
        remedy = f"decode it before: DecodeImage(ds, index={index!r})"
    else:
        remedy = "an image is a numpy array of shape (height, width) or (height, width, channels)"
    raise ComponentError(f"{stage}: component {index!r} is {_named(value)}, not an image; {remedy}")


def refuse_other_size(
    img: Image, index: Index, first: Image | Undecoded, first_index: Index
) -> None:
    """Raise a ValueError unless an image has the height and width of the datapoint's first one."""
    if img.shape[:2] != first.shape[:2]:
        height, width = first.shape[:2]
        raise ValueError(
            f"component {index!r} is {img.shape[0]}x{img.shape[1]} (h x w), but component"
            f" {first_index!r} is {height}x{width}; one transform is for images of one size"
        )


def size_after(transform: Transform, img: Image) -> tuple[int, int]:
    """Return (height, width) of what `transform` made, whose channels may come first."""
    while isinstance(transform, TransformList) and transform.tfms:
        transform = transform.tfms[-1]
    if isinstance(transform, ChannelsFirstTransform):
        return img.shape[1], img.shape[2]
    return img.shape[0], img.shape[1]


def _encoded(value: Component) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype == np.uint8
    return isinstance(value, (bytes, bytearray, memoryview, str, os.PathLike))


def _named(value: Component) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} of {value.dtype}"
    return f"of type {type(value).__name__}"
