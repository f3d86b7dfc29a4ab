"""What the migration page says to take exists, and works on an image."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import dataflow_image
from dataflow_core import BatchData, DataFromList
from dataflow_image import imgaug, recipes

PAGE = Path(__file__).parents[2] / "docs" / "migrating.md"
TITLES = {
    "torchvision.transforms.v2": "## From torchvision\n",
    "albumentations": "## From albumentations\n",
}
ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \|", re.MULTILINE)
IMAGE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)


def rows(library: str) -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8").partition(TITLES[library])[2].partition("\n## ")[0]
    return [row for row in ROW.findall(text) if row[0] != library]


def all_rows() -> list[Any]:
    return [
        pytest.param(ours, id=f"{library}: {theirs}")
        for library in TITLES
        for theirs, ours in rows(library)
    ]


def evaluated(code: str) -> Any:
    images = DataFromList([[IMAGE, number] for number in range(4)], shuffle=False)
    names = {name: getattr(imgaug, name) for name in imgaug.__all__}
    names |= {name: getattr(dataflow_image, name) for name in ("MixUp", "CutMix")}
    names |= {"a": imgaug.Flip(horiz=True), "b": imgaug.Gamma(), "df": BatchData(images, 2)}
    return eval(code, names | {"np": np, "cv2": cv2, "recipes": recipes})


@pytest.mark.parametrize("ours", all_rows())
def test_what_to_take_works(ours: str) -> None:
    made = evaluated(ours)
    if isinstance(made, imgaug.ImageAugmentor):
        for seed in range(5):
            made.reset_state(seed)
            assert made.augment(IMAGE).ndim == 3
    else:
        assert [images.shape for images, _ in made] == [(2, *IMAGE.shape)] * 2


@pytest.mark.parametrize("library", TITLES)
def test_tables_name_what_the_library_has(library: str) -> None:
    names = {theirs.partition("(")[0] for theirs, _ in rows(library)}
    assert len(names) > 25
    if not find_spec(library.partition(".")[0]):
        pytest.skip(f"{library} is not installed")
    assert {name for name in names if not hasattr(import_module(library), name)} == set()


def test_a_short_edge_is_resized_as_the_table_says() -> None:
    ours = dict(rows("torchvision.transforms.v2"))["Resize(256)"]
    assert evaluated(ours).augment(IMAGE).shape == (256, 341, 3)
