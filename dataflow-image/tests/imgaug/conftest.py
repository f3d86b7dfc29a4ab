"""Images and marks that the augmentation tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest


@pytest.fixture
def random() -> np.random.Generator:
    """A generator that draws the same in every run."""
    return np.random.default_rng(20240229)


@pytest.fixture
def photo(random: np.random.Generator) -> npt.NDArray[Any]:
    """A smooth colour image, uint8, of 60x80, that nothing may write to."""
    rows, columns = np.mgrid[0:60, 0:80]
    planes = [
        128 + 90 * np.sin(rows / a + columns / b) + random.normal(0, 3, rows.shape)
        for a, b in ((9, 13), (17, 7), (11, 23))
    ]
    image: npt.NDArray[Any] = np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
    image.flags.writeable = False
    return image
