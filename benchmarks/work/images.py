"""Images that lie in memory already: whoever hands them on has nothing else to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dataflow_core import IndexedDataFlow

SHAPE = (224, 224, 3)
BATCH_SIZE = 64

#: What one image takes, in bytes.
IMAGE_BYTES = 224 * 224 * 3


def one_batch(dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
    """Return (64, 224, 224, 3) of noise: pages that are all alike would be read too fast."""
    noise = np.random.default_rng(0).integers(256, size=(BATCH_SIZE, *SHAPE), dtype=np.uint8)
    return noise.astype(dtype)


class Images(IndexedDataFlow):
    """Hands out [image] without a copy; the images of one batch take turns.

    Args:
        size: datapoints per epoch.
        dtype: of the images.
    """

    def __init__(self, size: int, dtype: npt.DTypeLike = np.uint8) -> None:
        super().__init__()
        self._size = size
        self._images = [*one_batch(dtype)]

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[npt.NDArray[Any]]:
        # As an object of its own: what a task holds twice would travel once.
        return [self._images[index % BATCH_SIZE].view()]
