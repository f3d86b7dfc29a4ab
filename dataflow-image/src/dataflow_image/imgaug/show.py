"""Show images in a notebook."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, image_size
from dataflow_image.imgaug.transforms.rounding import to_uint8

__all__ = ["Sheet", "picture", "show"]

_COLOR_CHANNELS = 3
_CHANNELS = (1, _COLOR_CHANNELS)
_PAPER = 250


class Sheet:
    """One picture of several images, which notebooks display by themselves.

    Attributes:
        image: uint8, (height, width, 3), BGR.
    """

    def __init__(self, image: Image) -> None:
        self.image = image

    def _repr_png_(self) -> bytes:
        _, png = cv2.imencode(".png", self.image)
        return png.tobytes()

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"<sheet of {height}x{width} pixels (h x w)>"


def show(images: Image | Sequence[Image], columns: int = 4, side: int = 224) -> Sheet:
    """Return a sheet of images, from left to right and from top to bottom.

    As the last expression of a notebook's cell it is displayed. Images are scaled to fit into
    squares; values beyond what can be shown, as normalisation leaves them, are stretched.

    >>> show([np.zeros((30, 40, 3), np.uint8)] * 3, columns=2, side=50)
    <sheet of 100x100 pixels (h x w)>

    Args:
        images: one image, several, or a batch (N, height, width, channels) or (N, channels,
            height, width).
        columns: how many side by side.
        side: of each square, in pixels.

    Raises:
        TypeError: one of them is no image, or an argument no int.
        ValueError: there is none, or an argument is not positive.
    """
    columns = arguments.positive_int("show", "columns", columns)
    side = arguments.positive_int("show", "side", side)
    if isinstance(images, np.ndarray) and images.ndim in (2, _COLOR_CHANNELS):
        images = [images]
    tiles = [_tile(image, side) for image in images]
    if not tiles:
        raise ValueError("show: there are no images")
    columns = min(columns, len(tiles))
    tiles += [np.full_like(tiles[0], _PAPER)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return Sheet(np.vstack(rows))


def picture(img: Image) -> Image:
    """Return the image as uint8, (height, width, 3).

    Values beyond what can be shown, as normalisation leaves them, are stretched to [0, 255]. Of
    more or fewer than three channels the first is shown. If they are where `ChannelsFirst` puts
    them, they are put last again.

    >>> picture(np.array([[-1.0, 1.0]])).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    >>> picture(np.zeros((3, 20, 30), np.uint8)).shape
    (20, 30, 3)
    """
    if img.ndim == _COLOR_CHANNELS and img.shape[0] in _CHANNELS and img.shape[2] not in _CHANNELS:
        img = img.transpose(1, 2, 0)
    values = img if img.dtype == np.uint8 else _stretched(img.astype(np.float64))
    if values.ndim == _COLOR_CHANNELS and values.shape[2] == _COLOR_CHANNELS:
        return np.ascontiguousarray(values)
    plane = values if values.ndim == 2 else values[:, :, 0]
    return cv2.merge([np.ascontiguousarray(plane)] * _COLOR_CHANNELS)


def _tile(image: Image, side: int) -> Image:
    image_size(image)  # refuses what is none
    shown = picture(image)
    h, w = shown.shape[:2]
    scale = side / max(h, w)
    new_h, new_w = max(1, round(h * scale)), max(1, round(w * scale))
    tile = np.full((side, side, _COLOR_CHANNELS), _PAPER, np.uint8)
    y0, x0 = (side - new_h) // 2, (side - new_w) // 2
    tile[y0 : y0 + new_h, x0 : x0 + new_w] = cv2.resize(
        shown, (new_w, new_h), interpolation=cv2.INTER_AREA
    )
    return tile


def _stretched(values: Image) -> Image:
    low, high = float(values.min()), float(values.max())
    if low < 0 or high <= 1 or high > 255:
        values = (values - low) * (255 / (high - low) if high > low else 1.0)
    return to_uint8(values)
