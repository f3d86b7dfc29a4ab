"""One picture of several images side by side, each at its own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.show import picture
from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.drawing import Marks, marked

__all__ = ["Tile", "are_alike", "decoded", "encoded", "strip"]

# In pixels.
_GAP = 8
_CAPTION = 18

_PAPER = (255, 255, 255)
_INK = (90, 84, 78)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.38
_QUALITY = 82

_NO_MARKS = Marks()

# Encoders, interpolation and fonts differ a little between versions of OpenCV, and noise more than
# that; what shows the wrong thing differs over whole areas.
_BLOCK = 8
_TOLERANCE = 4.0  # of the mean difference between blocks, in units of pixel values


@dataclass(frozen=True)
class Tile:
    """An image with a line of text.

    Attributes:
        caption: printable ASCII.
        image: (height, width) or (height, width, channels), of any dtype.
        marks: what to draw in.
    """

    caption: str
    image: Image
    marks: Marks = _NO_MARKS


def strip(rows: Sequence[Sequence[Tile]]) -> Image:
    """Return the rows one above the other, their tiles from left to right.

    Images are not scaled, so that their sizes can be compared.

    Returns:
        uint8, (height, width, 3), BGR.
    """
    images = [[marked(picture(tile.image), tile.marks) for tile in row] for row in rows]
    captioned = [
        np.hstack(
            [
                _tile(image, tile.caption, images)
                for image, tile in zip(row_of_images, row, strict=True)
            ]
        )
        for row_of_images, row in zip(images, rows, strict=True)
    ]
    width = max(row.shape[1] for row in captioned)
    padded = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=_PAPER[0])
        for row in captioned
    ]
    # No gap after the last column.
    return np.ascontiguousarray(np.vstack(padded)[:, :-_GAP])


def encoded(image: Image) -> bytes:
    """Return the bytes of a WebP file."""
    _, webp = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return webp.tobytes()


def decoded(data: bytes) -> Image:
    """Return the image of a file, uint8 BGR.

    Raises:
        ValueError: it is none.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{len(data)} bytes are no picture")
    return image


def are_alike(first: Image, second: Image) -> bool:
    """Tell whether two pictures show the same, apart from what versions of libraries change."""
    if first.shape != second.shape:
        return False
    size = (max(1, first.shape[1] // _BLOCK), max(1, first.shape[0] // _BLOCK))
    blocks = [
        cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float64)
        for image in (first, second)
    ]
    return bool(np.abs(blocks[0] - blocks[1]).mean() <= _TOLERANCE)


def _tile(image: Image, caption: str, images: Sequence[Sequence[Image]]) -> Image:
    # One size for all, so that columns stand in line.
    height = max(other.shape[0] for row in images for other in row)
    width = max(other.shape[1] for row in images for other in row)
    tile = np.full((height + _CAPTION + _GAP, width + _GAP, 3), _PAPER, np.uint8)
    h, w = image.shape[:2]
    tile[:h, :w] = image
    cv2.putText(tile, caption, (0, h + 13), _FONT, _FONT_SCALE, _INK, 1, cv2.LINE_AA)
    return tile
