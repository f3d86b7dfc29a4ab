"""The base of all transforms: what was drawn for one image, as plain data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.plain_data import PlainData

__all__ = ["Boxes", "Coords", "NoOpTransform", "Transform", "as_points"]

Coords: TypeAlias = npt.NDArray[Any]
"""(N, 2) float points, x y, continuous: pixel (row, column) is centred on (column, row) + 0.5."""

Boxes: TypeAlias = npt.NDArray[Any]
"""(N, 4) float boxes, x0 y0 x1 y1, continuous."""

# The corners of a box as indices into x0 y0 x1 y1.
_CORNERS = (0, 1, 2, 1, 2, 3, 0, 3)


class Transform(PlainData, ABC):
    """A deterministic change of one image and of all that is marked in it.

    A transform holds plain data, is never modified, compares by value, and can be pickled and
    shared by threads. Applying it twice gives the same result twice. What it is given is never
    written to; what it returns may share memory with it.

    `to_dict` writes it down as what JSON can hold, and `Transform.from_dict` reads that:

    >>> from dataflow_image.imgaug.transforms.crop import CropTransform
    >>> CropTransform(1, 2, 3, 4).to_dict()
    {'type': 'CropTransform', 'y0': 1, 'x0': 2, 'h': 3, 'w': 4}
    >>> Transform.from_dict(_)
    CropTransform(y0=1, x0=2, h=3, w=4)
    """

    @abstractmethod
    def apply_image(self, img: Image) -> Image:
        """Return the transformed image, (height, width) or (height, width, channels)."""

    def apply_coords(self, coords: Coords) -> Coords:
        """Return the (N, 2) float points (x, y) after the transform; none is clipped or dropped.

        Raises:
            NotImplementedError: the transform does not know how points move.
        """
        raise NotImplementedError(f"{self!r} does not know how it moves coordinates")

    def apply_mask(self, mask: Image) -> Image:
        """Return the mask of any dtype after the transform, values copied and never mixed.

        Raises:
            NotImplementedError: the transform does not know how masks change.
        """
        raise NotImplementedError(f"{self!r} does not know how it changes masks")

    def apply_box(self, boxes: Boxes) -> Boxes:
        """Return the (N, 4) smallest upright boxes that hold the transformed ones.

        Raises:
            NotImplementedError: the transform does not know how points move.
            ValueError: `boxes` is not of shape (N, 4).
        """
        corners = box_corners(as_boxes(boxes))
        return upright(self.apply_coords(corners.reshape(-1, 2)).reshape(-1, 4, 2))

    def apply_polygons(self, polygons: Sequence[Coords]) -> list[Coords]:
        """Return the polygons, each (N, 2) points, after the transform.

        Raises:
            NotImplementedError: the transform does not know how points move.
        """
        return [self.apply_coords(polygon) for polygon in polygons]

    def inverse(self) -> Transform:
        """Return the transform that moves everything back to where it was.

        Places are what it takes back; values that were changed, interpolated or cut off stay so.

        Raises:
            NotImplementedError: there is none, or the transform does not know it.
        """
        raise NotImplementedError(f"{self!r} has no inverse")

    def spec_after(self, spec: ImageSpec) -> ImageSpec | None:
        """Tell shape and dtype of the result without computing it, or None if that needs pixels."""
        return None


@dataclass(frozen=True)
class NoOpTransform(Transform):
    """Change nothing.

    >>> NoOpTransform().apply_coords(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def apply_image(self, img: Image) -> Image:
        """Return `img` itself."""
        return img

    def apply_coords(self, coords: Coords) -> Coords:
        """Return the points unchanged."""
        return as_points(coords)

    def apply_mask(self, mask: Image) -> Image:
        """Return `mask` itself."""
        return mask

    def inverse(self) -> Transform:
        """Return itself."""
        return self

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec


def as_boxes(boxes: npt.ArrayLike) -> Boxes:
    """Return (N, 4) numbers; an empty list is no boxes.

    Raises:
        ValueError: the shape is another one.
    """
    return _rows(boxes, 4, "boxes have shape (N, 4): x0 y0 x1 y1")


def box_corners(boxes: Boxes) -> Coords:
    """Return the corners of (N, 4) boxes, (N, 4, 2)."""
    return boxes[:, _CORNERS].reshape(-1, 4, 2)


def upright(corners: Coords) -> Boxes:
    """Return the (N, 4) smallest upright boxes around (N, 4, 2) corners."""
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def as_points(coords: npt.ArrayLike) -> Coords:
    """Return (N, 2) floats; ints become float64, floats keep their dtype; an empty list is none.

    Raises:
        ValueError: the shape is another one.
    """
    points = _rows(coords, 2, "coordinates have shape (N, 2): x y")
    return points if np.issubdtype(points.dtype, np.floating) else points.astype(np.float64)


def in_double(points: Coords) -> Coords:
    """Return float16 points as float64, to compute with; all others as they are.

    >>> in_double(np.ones((1, 2), np.float16)).dtype.name
    'float64'
    """
    return points.astype(np.float64) if points.dtype == np.float16 else points


def _rows(values: npt.ArrayLike, width: int, rule: str) -> npt.NDArray[Any]:
    rows = np.asarray(values)
    if rows.shape == (0,):
        rows = rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"{rule}; got {rows.shape}")
    return rows
