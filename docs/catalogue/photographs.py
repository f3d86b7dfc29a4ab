"""The photographs of the catalogue, and what is marked in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from dataflow_image.decoding import decode_image
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import Boxes, Coords
from dataflow_image.preview.drawing import Marks

__all__ = ["CAT", "NAMES", "Subject", "photograph", "subject"]

CAT = "chelsea.png"

NAMES = (CAT, "coffee.png", "rocket.jpg", "astronaut.png")
"""All of them in the public domain, and in scikit-image's wheel."""

HEIGHT, WIDTH = 140, 210  # of a picture in the catalogue, in pixels

# The cat in its own pixels.
_EYES = np.array([[171.0, 115.0], [318.0, 137.0]])
_EYE_BOXES = np.array([[133.0, 82.0, 209.0, 150.0], [292.0, 108.0, 344.0, 165.0]])
_NOSE = np.array([[237.0, 228.0], [293.0, 234.0], [262.0, 268.0]])
_FACE = ((215, 150), (165, 135))  # centre and half axes


@dataclass(frozen=True)
class Subject:
    """A photograph and what is marked in it.

    Attributes:
        image: uint8, (height, width, 3), BGR.
        points: (N, 2), x y.
        boxes: (N, 4), x0 y0 x1 y1.
        polygon: (N, 2).
        mask: bool, (height, width).
    """

    image: Image
    points: Coords
    boxes: Boxes
    polygon: Coords
    mask: Image

    @property
    def marks(self) -> Marks:
        """All of it, to be drawn."""
        return Marks([self.points], [self.boxes], [self.polygon], [self.mask])


@cache
def photograph(name: str, height: int = HEIGHT, width: int = WIDTH) -> Image:
    """Return the middle of a photograph, (height, width, 3) uint8 BGR.

    Raises:
        FileNotFoundError: scikit-image is not installed, or has no such photograph.
    """
    image = _original(name)
    scale = max(height / image.shape[0], width / image.shape[1])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    y0, x0 = (size[1] - height) // 2, (size[0] - width) // 2
    cut = np.ascontiguousarray(resized[y0 : y0 + height, x0 : x0 + width])
    cut.flags.writeable = False
    return cut


@cache
def subject() -> Subject:
    """Return the cat, with her eyes, nose and face marked."""
    image = photograph(CAT)
    scale = HEIGHT / _original(CAT).shape[0]
    # To the nearest pixel the aspect ratio is the photograph's own.
    mask = np.zeros(_original(CAT).shape[:2], np.uint8)
    cv2.ellipse(mask, *_FACE, 0, 0, 360, 1, -1)
    small = cv2.resize(mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return Subject(image, _EYES * scale, _EYE_BOXES * scale, _NOSE * scale, small.astype(bool))


@cache
def _original(name: str) -> Image:
    spec = find_spec("skimage")
    for place in (spec and spec.submodule_search_locations) or ():
        file = Path(place) / "data" / name
        if file.is_file():
            return decode_image(file)
    raise FileNotFoundError(
        f'{name} is not there; it comes with scikit-image: pip install "dataflow-image[demo]"'
    )
