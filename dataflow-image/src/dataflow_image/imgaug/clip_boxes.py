"""Clip boxes to the image, and tell which ones have left it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.transforms import Boxes
from dataflow_image.imgaug.transforms.transform import as_boxes

__all__ = ["ClippedBoxes", "clip_boxes"]


class ClippedBoxes(NamedTuple):
    """What `clip_boxes` returns.

    Attributes:
        boxes: (N, 4), x0 y0 x1 y1, as many as there were, in their order.
        is_empty: (N,) bools, True where nothing is left of a box.
    """

    boxes: Boxes
    is_empty: npt.NDArray[np.bool_]


def clip_boxes(boxes: Boxes, height: int, width: int) -> ClippedBoxes:
    """Return boxes clipped to an image, and which of them are empty now.

    >>> clipped = clip_boxes(np.array([[-5.0, 2.0, 5.0, 30.0], [60.0, 0.0, 70.0, 9.0]]), 20, 50)
    >>> clipped.boxes.tolist()
    [[0.0, 2.0, 5.0, 20.0], [50.0, 0.0, 50.0, 9.0]]
    >>> clipped.is_empty.tolist()
    [False, True]

    Args:
        boxes: (N, 4), x0 y0 x1 y1, continuous.
        height: of the image, in pixels.
        width: of the image, in pixels.

    Raises:
        ValueError: `boxes` is not of shape (N, 4).
    """
    boxes = as_boxes(boxes)
    clipped = np.clip(boxes, 0, np.array((width, height, width, height), boxes.dtype))
    is_empty = (clipped[:, 0] >= clipped[:, 2]) | (clipped[:, 1] >= clipped[:, 3])
    return ClippedBoxes(clipped, is_empty)
