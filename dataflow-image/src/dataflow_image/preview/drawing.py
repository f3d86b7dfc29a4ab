"""Draw what is marked in an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.show import picture
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import Boxes, Coords

__all__ = ["Marks", "drawn", "marked"]

_SIDE = 336  # of the picture's longer edge, in pixels
_RED, _GREEN, _BLUE, _ORANGE = (60, 60, 230), (80, 200, 60), (230, 130, 40), (30, 150, 250)
_MASK_WEIGHT = 0.4
_FAR = 10_000.0  # beyond it OpenCV's lines take their time, or overflow


@dataclass(frozen=True)
class Marks:
    """What is marked in one image.

    Attributes:
        points: (N, 2) arrays.
        boxes: (N, 4) arrays.
        polygons: (N, 2) arrays, one for each polygon.
        masks: of the image's size; what is not zero is marked, in any of their channels.

    Points that are not finite are left out, as are boxes; polygons go past them.
    """

    points: Sequence[Coords] = ()
    boxes: Sequence[Boxes] = ()
    polygons: Sequence[Coords] = ()
    masks: Sequence[Image] = ()


def drawn(img: Image, marks: Marks) -> Image:
    """Return a picture of the image, of one size for all, with its marks drawn in."""
    h, w = img.shape[:2]
    scale = _SIDE / max(h, w)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    canvas = cv2.resize(picture(img), size, interpolation=cv2.INTER_AREA)
    return marked(canvas, marks, scale)


def marked(canvas: Image, marks: Marks, scale: float = 1.0) -> Image:
    """Return a picture with marks drawn in.

    Args:
        canvas: the picture, uint8, (height, width, 3), BGR; it is not written to.
        marks: in pixels of the image that the picture is of.
        scale: how many pixels of the picture make one of the image.
    """
    canvas = _tinted(canvas, marks.masks)
    for boxes in marks.boxes:
        for x0, y0, x1, y1 in _pixels(boxes, scale):
            cv2.rectangle(canvas, (x0, y0), (x1, y1), _GREEN, 2)
    for polygon in marks.polygons:
        corners = np.array(_pixels(polygon, scale), np.int32).reshape(-1, 2)
        if len(corners):
            cv2.polylines(canvas, [corners], isClosed=True, color=_ORANGE, thickness=2)
    for points in marks.points:
        for x, y in _pixels(points, scale):
            cv2.circle(canvas, (x, y), 4, _RED, -1, cv2.LINE_AA)
    return canvas


def _tinted(canvas: Image, masks: Sequence[Image]) -> Image:
    """Return a new picture, blue where a mask is not zero."""
    tinted = canvas.copy()
    size = (canvas.shape[1], canvas.shape[0])
    for mask in masks:
        is_marked = (mask != 0).reshape(*mask.shape[:2], -1).any(axis=2).astype(np.uint8)
        shown = cv2.resize(is_marked, size, interpolation=cv2.INTER_NEAREST)
        blue = cv2.addWeighted(
            tinted, 1 - _MASK_WEIGHT, np.full_like(tinted, _BLUE), _MASK_WEIGHT, 0
        )
        tinted = np.where(shown[..., np.newaxis] > 0, blue, tinted)
    return np.ascontiguousarray(tinted)


def _pixels(marks: Coords | Boxes, scale: float) -> list[list[int]]:
    """Return the finite rows in pixels of the picture, those that are far away brought nearer."""
    rows = np.asarray(marks, np.float64)
    if rows.size == 0:
        return []
    finite = rows[np.isfinite(rows).all(axis=1)]
    # OpenCV draws between pixel indices, which lie half a pixel beside continuous coordinates.
    near = np.clip(finite * scale - 0.5, -_FAR, _FAR)
    indices: list[list[int]] = np.rint(near).astype(int).tolist()
    return indices
