"""Image files that the tests share."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

CLASSES = ("ant", "bee", "cat")
IMAGES_PER_CLASS = 4


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """A folder of three classes with four JPEGs each, of 24x32 and more, all different."""
    random = np.random.default_rng(7)
    root = tmp_path / "images"
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        for number in range(IMAGES_PER_CLASS):
            image = random.integers(0, 256, (24 + number, 32, 3), np.uint8)
            assert cv2.imwrite(str(root / name / f"{number}.jpg"), image)
    return root
