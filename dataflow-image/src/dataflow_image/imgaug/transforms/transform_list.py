"""Several transforms as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.color import ColorTransform
from dataflow_image.imgaug.transforms.crop import CropTransform
from dataflow_image.imgaug.transforms.fusion import fuse
from dataflow_image.imgaug.transforms.normalize import NormalizeTransform
from dataflow_image.imgaug.transforms.transform import (
    Boxes,
    Coords,
    Transform,
    as_points,
    in_double,
)
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["Empty", "TransformList"]

Empty: TypeAlias = Callable[[tuple[int, ...], "np.dtype[Any]"], Image]
"""Takes shape and dtype, and returns such a C-contiguous array, as numpy.empty does."""


@dataclass(frozen=True)
class TransformList(Transform):
    """Apply transforms one after the other.

    Images are not taken through them one by one: the list is fused first (see `fusion`). A list
    within the list is fused by itself, so it can mark where fusion must stop.

    >>> import numpy as np
    >>> from dataflow_image.imgaug.transforms.crop import CropTransform
    >>> from dataflow_image.imgaug.transforms.flip import FlipTransform
    >>> both = TransformList([CropTransform(0, 0, 2, 2), FlipTransform(2, 2)])
    >>> both.apply_image(np.uint8([[1, 2, 3], [4, 5, 6]])).tolist()
    [[2, 1], [5, 4]]
    >>> both.apply_coords(np.array([[0.5, 0.5]]))
    array([[1.5, 0.5]])

    Attributes:
        tfms: the transforms, in the order in which they are applied.
        fused: False applies them one by one, to compare, and so those of lists within the list.
    """

    tfms: tuple[Transform, ...]
    fused: bool = True

    def __init__(self, tfms: Iterable[Transform], fused: bool = True) -> None:
        """Take transforms from any iterable.

        Raises:
            TypeError: one of them is no Transform.
        """
        kept = tuple(tfms)
        if not all(map(_is_transform, map(type, kept))):
            wrong = next(tfm for tfm in kept if not _is_transform(type(tfm)))
            raise TypeError(f"TransformList: {wrong!r} is not a Transform")
        if not fused:
            kept = tuple(map(_unfused, kept))
        object.__setattr__(self, "tfms", kept)
        object.__setattr__(self, "fused", bool(fused))

    def apply_image(self, img: Image) -> Image:
        """Return the image after all transforms."""
        return self.apply_image_in(img)

    def apply_image_in(self, img: Image | Undecoded, empty: Empty | None = None) -> Image:
        """Return the image after all transforms, in memory from `empty` if that saves a copy.

        Args:
            img: the image; one that is undecoded is decoded down to where a crop ends.
            empty: takes shape and dtype, and returns a C-contiguous array for the result.
        """
        tfms = self._to_apply()
        if isinstance(img, Undecoded):
            first = tfms[0] if tfms else None
            img = img.pixels(first.y0 + first.h if type(first) is CropTransform else None)
        for tfm in tfms[:-1]:
            img = tfm.apply_image(img)
        last = tfms[-1] if tfms else None
        if type(last) is TransformList:
            return last.apply_image_in(img, empty)
        if empty is not None and isinstance(last, (ColorTransform, NormalizeTransform)):
            out = empty(*last.spec_for(img))
            last.write(img, out)
            return out
        return img if last is None else last.apply_image(img)

    def apply_coords(self, coords: Coords) -> Coords:
        """Return the points after all transforms."""
        given = as_points(coords)
        # Of half precision, so that not every member rounds.
        points = in_double(given)
        for tfm in self.tfms:
            points = tfm.apply_coords(points)
        return points.astype(np.float16) if given.dtype == np.float16 else points

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask after all transforms."""
        for tfm in self._to_apply():
            mask = tfm.apply_mask(mask)
        return mask

    def apply_box(self, boxes: Boxes) -> Boxes:
        """Return the boxes after all transforms.

        Their corners go all the way and are made upright at the end, so that boxes do not grow at
        every turn; but for transforms that have their own way with boxes.
        """
        if any(_has_own_boxes(tfm) for tfm in self.tfms):
            for tfm in self.tfms:
                boxes = tfm.apply_box(boxes)
            return boxes
        return super().apply_box(boxes)

    def inverse(self) -> TransformList:
        """Return the members' inverses, the last one's first.

        Raises:
            NotImplementedError: a member has none.
        """
        return TransformList([tfm.inverse() for tfm in reversed(self.tfms)], fused=self.fused)

    def spec_after(self, spec: ImageSpec) -> ImageSpec | None:
        """Return shape and dtype after all transforms, or None where one cannot tell."""
        known: ImageSpec | None = spec
        for tfm in self.tfms:
            if known is None:
                return None
            known = tfm.spec_after(known)
        return known

    def _to_apply(self) -> Sequence[Transform]:
        return fuse(self.tfms) if self.fused else self.tfms


@cache
def _is_transform(kind: type) -> bool:
    # An abstract class takes its time to tell its instances.
    return issubclass(kind, Transform)


def _unfused(tfm: Transform) -> Transform:
    if type(tfm) is TransformList and tfm.fused:
        return TransformList(tfm.tfms, fused=False)
    return tfm


def _has_own_boxes(tfm: Transform) -> bool:
    if isinstance(tfm, TransformList):
        return any(map(_has_own_boxes, tfm.tfms))
    return type(tfm).apply_box is not Transform.apply_box
