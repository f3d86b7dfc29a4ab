"""A picture of many pictures: originals, and beside each what the augmentors made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dataflow_image.imgaug.spec import Image

__all__ = ["Strip", "contact_sheet"]

# All in pixels.
_TILE = 168
_GAP = 8
_GUTTER = 40  # between the columns of strips
_MARGIN = 32
_TITLE = 44  # height of the line with the title
_CAPTION = 26  # height of the line with the captions

_STRIPS_PER_ROW = 2
_PAPER = (250, 250, 250)
_FRAME = (232, 232, 232)
_INK = (56, 48, 40)
_FAINT_INK = (140, 132, 124)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Strip:
    """One image and its augmented versions.

    Attributes:
        original: uint8, (height, width, 3), BGR, of any size.
        augmented: likewise; as many as the other strips have.
    """

    original: Image
    augmented: Sequence[Image]


def contact_sheet(strips: Sequence[Strip], captions: Sequence[str], title: str) -> Image:
    """Return the sheet.

    Args:
        strips: at least one, from left to right and from top to bottom.
        captions: for the original and for each augmented version.
        title: printable ASCII.

    Returns:
        uint8, (height, width, 3), BGR.
    """
    strip_width = len(captions) * (_TILE + _GAP) - _GAP
    columns = min(_STRIPS_PER_ROW, len(strips))
    rows = -(-len(strips) // columns)
    top = _MARGIN + _TITLE + _CAPTION
    height = top + rows * (_TILE + _GAP) - _GAP + _MARGIN
    width = 2 * _MARGIN + columns * (strip_width + _GUTTER) - _GUTTER
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    _write(sheet, title, (_MARGIN, _MARGIN + 18), scale=0.7, ink=_INK)
    for column in range(columns):
        left = _MARGIN + column * (strip_width + _GUTTER)
        for number, caption in enumerate(captions):
            x = left + number * (_TILE + _GAP)
            _write(sheet, caption, (x, top - 10), scale=0.45, ink=_FAINT_INK)
    for place, strip in enumerate(strips):
        row, column = divmod(place, columns)
        y = top + row * (_TILE + _GAP)
        left = _MARGIN + column * (strip_width + _GUTTER)
        for number, image in enumerate((strip.original, *strip.augmented)):
            x = left + number * (_TILE + _GAP)
            sheet[y : y + _TILE, x : x + _TILE] = _tile(image)
    return sheet


def _tile(image: Image) -> Image:
    """Return the image scaled to fit into a square, on a frame that fills the rest."""
    h, w = image.shape[:2]
    scale = _TILE / max(h, w)
    new_h, new_w = max(1, round(h * scale)), max(1, round(w * scale))
    tile = np.full((_TILE, _TILE, 3), _FRAME, np.uint8)
    y, x = (_TILE - new_h) // 2, (_TILE - new_w) // 2
    tile[y : y + new_h, x : x + new_w] = cv2.resize(
        image, (new_w, new_h), interpolation=cv2.INTER_AREA
    )
    return tile


def _write(
    sheet: Image, text: str, place: tuple[int, int], *, scale: float, ink: tuple[int, int, int]
) -> None:
    cv2.putText(sheet, text, place, _FONT, scale, ink, 1, cv2.LINE_AA)
