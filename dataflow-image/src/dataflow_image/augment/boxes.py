"""Move boxes with an image, and cut off what leaves it on the way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug import Transform, TransformList, clip_boxes
from dataflow_image.imgaug.clip_boxes import ClippedBoxes
from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms import (
    Boxes,
    CropTransform,
    FlipTransform,
    ResizeTransform,
    TransposeTransform,
)
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.transform import (
    NoOpTransform,
    as_boxes,
    box_corners,
    in_double,
    upright,
)
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["moved_boxes"]

# What lies outside of the frame before them lies outside of the frame after them. Exact types
# only: what a subclass does, nobody here knows.
_NEVER_BRING_BACK = frozenset(
    {CropTransform, FlipTransform, NoOpTransform, ResizeTransform, TransposeTransform}
)


def moved_boxes(
    transform: Transform, boxes: npt.ArrayLike, before: Image | Undecoded, size: tuple[int, int]
) -> ClippedBoxes:
    """Return the upright boxes around transformed ones, clipped to every frame on their way.

    So nothing comes back that a crop has cut off, or a warp has pushed out, where a later member
    makes the frame larger. Corners go all the way, so that boxes do not grow at every turn; only
    those of boxes that reach out of a frame are made upright there.

    Args:
        transform: what was applied to the image.
        boxes: (N, 4), x0 y0 x1 y1.
        before: the image before it.
        size: (height, width) of the image after it.

    Raises:
        NotImplementedError: the transform does not know how points move.
        ValueError: `boxes` is not of shape (N, 4), or a member loses corners of one, as some of
            albumentations' do.
    """
    boxes = as_boxes(boxes)
    members = list(_flat(transform))
    if all(map(_never_brings_back, map(type, members))):
        return clip_boxes(transform.apply_box(boxes), *size)
    lost = np.zeros(len(boxes), np.bool_)
    corners = box_corners(in_double(boxes))
    spec = before.spec if isinstance(before, Undecoded) else ImageSpec.of(before)
    known: ImageSpec | None = spec
    for place, member in enumerate(members):
        if not _never_brings_back(type(member)):
            known = known or _measured(members[:place], before)
            corners = _cut(corners, known.shape[0], known.shape[1], lost)
        corners = _moved(member, corners)
        if known is not None and not isinstance(member, StationaryTransform):
            known = member.spec_after(known)
    if boxes.dtype == np.float16:
        corners = corners.astype(np.float16)
    clipped, is_empty = clip_boxes(upright(corners), *size)
    is_empty |= lost
    clipped[is_empty, 2:] = clipped[is_empty, :2]
    return ClippedBoxes(clipped, is_empty)


def _flat(transform: Transform) -> Iterator[Transform]:
    """Yield the members of lists of lists."""
    if type(transform) is not TransformList:
        yield transform
        return
    for member in transform.tfms:
        yield from _flat(member)


@cache
def _never_brings_back(kind: type[Transform]) -> bool:
    # An abstract class takes its time to tell its subclasses.
    return kind in _NEVER_BRING_BACK or issubclass(kind, StationaryTransform)


def _measured(members: list[Transform], before: Image | Undecoded) -> ImageSpec:
    """Describe the image after members of which one cannot tell."""
    # A copy, because functions of users may write to what they are given.
    image = before.pixels() if isinstance(before, Undecoded) else before.copy()
    return ImageSpec.of(TransformList(members).apply_image(image))


def _cut(corners: Boxes, height: int, width: int, lost: npt.NDArray[np.bool_]) -> Boxes:
    """Clip the boxes that reach out of the frame, and note in `lost` of which nothing is left."""
    if not len(corners):
        return corners
    # The usual case, in which all are within.
    if corners.min() >= 0 and (corners.max(axis=(0, 1)) <= (width, height)).all():
        return corners
    boxes = upright(corners)
    clipped, is_empty = clip_boxes(boxes, height, width)
    lost |= is_empty
    reaches_out = (clipped != boxes).any(axis=1)
    return np.where(reaches_out[:, np.newaxis, np.newaxis], box_corners(clipped), corners)


def _moved(member: Transform, corners: Boxes) -> Boxes:
    if type(member).apply_box is not Transform.apply_box:
        return box_corners(member.apply_box(upright(corners)))
    moved = member.apply_coords(corners.reshape(-1, 2)).reshape(-1, 4, 2)
    if (np.isnan(moved) & ~np.isnan(corners)).any():
        raise ValueError(
            f"{member!r} has lost corners of boxes, so that nobody knows where these boxes are: "
            "augment images that have boxes without it"
        )
    return moved
