"""A source of JPEGs that are cut out of photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from dataflow_core import IndexedDataFlow
from dataflow_image.imgaug.spec import Image

__all__ = ["JPEGCrops"]

_SIDE = (220, 480)  # pixels
_QUALITY = 90


class JPEGCrops(IndexedDataFlow):
    """Yields [JPEG as bytes, id], with ids 0, 1, ...; the photographs take turns.

    Args:
        images: photographs, uint8, (height, width, 3), BGR.
        size: how many JPEGs to cut.
        seed: decides what is cut; the same for the same seed.
    """

    def __init__(self, images: Sequence[Image], size: int, seed: int) -> None:
        super().__init__()
        self._images = images
        self._size = size
        self._seed = seed

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> list[object]:
        image = self._images[index % len(self._images)]
        # Not the flow's stream: an image is the same in every epoch.
        rng = np.random.default_rng([self._seed, index])
        low, high = _SIDE
        h, w = (min(int(rng.integers(low, high)), length) for length in image.shape[:2])
        y0 = int(rng.integers(image.shape[0] - h + 1))
        x0 = int(rng.integers(image.shape[1] - w + 1))
        crop = image[y0 : y0 + h, x0 : x0 + w]
        _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return [jpeg.tobytes(), index]

    def _params(self) -> Mapping[str, object]:
        return {"size": self._size, "seed": self._seed}
