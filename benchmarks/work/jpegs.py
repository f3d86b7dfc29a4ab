"""JPEGs like those of ImageNet: 500x375 pixels, about 75 kB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_core import IndexedDataFlow

WIDTH, HEIGHT = 500, 375
WANTED_BYTES = 75_000

#: Crops of a photograph begin so many pixels apart.
_STRIDE = 40


def write_jpegs(folder: Path, count: int) -> None:
    """Write `count` JPEGs that are cut out of scikit-image's photographs.

    Raises:
        dataflow_image.demo.errors.DemoError: scikit-image is not installed.
    """
    # Here, because those who read the files measure their own memory.
    from dataflow_image.demo.photographs import photographs

    crops = [[*_crops(image)] for image in photographs()]
    for number in range(count):
        of_one = crops[number % len(crops)]
        crop = of_one[number // len(crops) % len(of_one)]
        (folder / f"{number:05d}.jpg").write_bytes(_encoded(crop))


def read_jpegs(folder: Path) -> list[bytes]:
    """Return all files of `folder`, by name."""
    return [path.read_bytes() for path in sorted(folder.iterdir())]


class Jpegs(IndexedDataFlow):
    """Hands out [JPEG as bytes, number], shuffled; the JPEGs take turns.

    Args:
        jpegs: all there are.
        size: datapoints per epoch.
    """

    def __init__(self, jpegs: Sequence[bytes], size: int) -> None:
        super().__init__(shuffle=True)
        self._jpegs = jpegs
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[object]:
        return [self._jpegs[index % len(self._jpegs)], index]


def _crops(image: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
    height, width = image.shape[:2]
    if height < HEIGHT or width < WIDTH:
        scale = max(HEIGHT / height, WIDTH / width)
        size = (max(WIDTH, round(width * scale)), max(HEIGHT, round(height * scale)))
        image = cv2.resize(image, size).astype(np.uint8, copy=False)
        height, width = image.shape[:2]
    for top in range(0, height - HEIGHT + 1, _STRIDE):
        for left in range(0, width - WIDTH + 1, _STRIDE):
            yield image[top : top + HEIGHT, left : left + WIDTH]


def _encoded(image: npt.NDArray[np.uint8]) -> bytes:
    """Return the JPEG of the quality that comes nearest to the wanted size."""
    low, high = 30, 100
    best = b""
    while low <= high:
        quality = (low + high) // 2
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if abs(encoded.size - WANTED_BYTES) < abs(len(best) - WANTED_BYTES):
            best = encoded.tobytes()
        if encoded.size < WANTED_BYTES:
            low = quality + 1
        else:
            high = quality - 1
    return best
