"""`dataflow preview` shows what the pipeline yields, beside what it came from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dataflow_core import BatchData, DataFlow, DataFromList
from dataflow_image import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
    imgaug,
)
from dataflow_image.imgaug.show import picture
from dataflow_image.preview.drawing import Marks, drawn
from dataflow_image.preview.errors import PreviewError
from dataflow_image.preview.shown import strips_of

runner = pytest.importorskip("typer.testing")
FLIP = [imgaug.Flip(horiz=True, prob=1.0)]


def dps(count: int = 3) -> list[dict[str, object]]:
    random = np.random.default_rng(0)
    return [
        {
            "image": random.integers(0, 256, (30, 40, 3), np.uint8),
            "points": np.array([[5.0, 6.0]]),
            "boxes": np.array([[4.0, 4.0, 20.0, 10.0]]),
            "mask": np.eye(30, 40, dtype=bool),
            "polygons": [np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]])],
        }
        for _ in range(count)
    ]


def source(*, shuffle: bool = False) -> DataFlow:
    return DataFromList(dps(), shuffle=shuffle)


def test_originals_stand_beside_what_each_epoch_makes_of_them() -> None:
    flow = AugmentImageComponent(source(), [imgaug.Flip(horiz=True)], "image")
    strips = strips_of(BatchData(flow, 3), count=3, epochs=8, seed=1)
    assert len(strips) == 3
    kinds = set()
    for strip, dp in zip(strips, dps(), strict=True):
        plain = drawn(np.asarray(dp["image"]), Marks())
        mirrored = drawn(np.asarray(dp["image"])[:, ::-1], Marks())
        np.testing.assert_array_equal(strip.original, plain)
        assert len(strip.augmented) == 8
        for image in strip.augmented:
            kinds.add(np.array_equal(image, plain))
            assert np.array_equal(image, plain) or np.array_equal(image, mirrored)
    assert kinds == {True, False}


def test_what_is_shown_is_what_the_pipeline_yields() -> None:
    flow = AugmentImageComponent(source(), [imgaug.RandomCrop(20)], "image")
    strips = strips_of(flow, count=3, epochs=1, seed=7)
    flow.reset_state(7)
    for strip, dp in zip(strips, flow, strict=True):
        np.testing.assert_array_equal(strip.augmented[0], drawn(dp["image"], Marks()))


def test_shuffled_epochs_are_not_mixed_up() -> None:
    flow = AugmentImageComponent(source(shuffle=True), FLIP, "image")
    for strip in strips_of(flow, count=3, epochs=5, seed=0):
        assert len(strip.augmented) in (1, 5)
        for image in strip.augmented:
            np.testing.assert_array_equal(image, strip.original[:, ::-1])


def test_marks_are_drawn_in() -> None:
    plain = strips_of(AugmentImageComponent(source(), FLIP, "image"), 1, 1, 0)[0]
    points = strips_of(AugmentImageCoordinates(source(), FLIP, "image", "points"), 1, 1, 0)[0]
    assert not np.array_equal(points.augmented[0], plain.augmented[0])
    for kind, name in (
        ("box_index", "boxes"),
        ("mask_index", "mask"),
        ("polygon_index", "polygons"),
        ("coords_index", "points"),
    ):
        flow = AugmentImageComponents(source(), FLIP, "image", **{kind: name})
        marked = strips_of(flow, 1, 1, 0)[0]
        assert not np.array_equal(marked.augmented[0], plain.augmented[0]), kind
        assert not np.array_equal(marked.original, plain.original), kind


def test_a_box_is_drawn_where_it_is() -> None:
    black = np.zeros((336, 336, 3), np.uint8)
    image = drawn(black, Marks(boxes=[np.array([[100.0, 50.0, 200.0, 80.0]])]))
    rows, columns = np.nonzero(image.any(axis=2))
    assert abs(rows.min() - 50) <= 2
    assert abs(rows.max() - 80) <= 2
    assert abs(columns.min() - 100) <= 2
    assert abs(columns.max() - 200) <= 2


def test_every_kind_of_image_becomes_a_picture() -> None:
    for image in (
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 1), np.float32),
        np.random.default_rng(0).normal(size=(4, 5, 3)),
        np.full((4, 5, 3), 40_000, np.uint16),
    ):
        shown = picture(image)
        assert shown.shape == (4, 5, 3)
        assert shown.dtype == np.uint8


def test_show_lays_images_out_in_rows() -> None:
    red = np.full((10, 10, 3), (0, 0, 255), np.uint8)
    grey = np.full((10, 20), 128, np.uint8)
    sheet = imgaug.show([red, red, grey], columns=2, side=40)
    assert sheet.image.shape == (80, 80, 3)
    assert sheet.image[20, 20].tolist() == sheet.image[20, 60].tolist() == [0, 0, 255]
    assert sheet.image[60, 20].tolist() == [128] * 3
    assert sheet.image[42, 20].tolist() == sheet.image[60, 60].tolist() == [250] * 3
    shown = cv2.imdecode(np.frombuffer(sheet._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown, sheet.image)
    assert imgaug.show(red).image.shape == (224, 224, 3)
    assert imgaug.show(np.stack([red] * 5)).image.shape == (448, 896, 3)
    with pytest.raises(ValueError, match="no images"):
        imgaug.show([])
    with pytest.raises(TypeError, match="an image is"):
        imgaug.show(["red.png"])  # type: ignore[list-item]


def test_a_pipeline_without_augmentation_shows_its_images() -> None:
    flow = BatchData(DataFromList([[np.full((8, 8, 3), 9, np.uint8), 1]] * 6, shuffle=False), 3)
    assert len(strips_of(flow, 5, 4, 0)) == 5
    with pytest.raises(PreviewError, match="no images"):
        strips_of(DataFromList([[1], [2]]), 5, 4, 0)


PIPELINE = """
import numpy as np
from dataflow_core import DataFromList
from dataflow_image import AugmentImageComponent, recipes
def train():
    images = [[np.full((90, 120, 3), 20 * n, np.uint8), n] for n in range(5)]
    return AugmentImageComponent(DataFromList(images, shuffle=False), recipes.resnet_train(64))
numbers = DataFromList([[1], [2]])
"""


def test_the_command_writes_a_sheet(tmp_path: Path) -> None:
    from dataflow_core.cli.app import app

    (tmp_path / "previewed.py").write_text(PIPELINE)
    out = tmp_path / "sheet.png"
    target = f"{tmp_path / 'previewed.py'}:train"
    result = runner.CliRunner().invoke(app, ["preview", target, "--count", "4", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "4 images" in result.output
    sheet = cv2.imread(str(out))
    assert sheet is not None
    assert sheet.shape[1] > 800
    numbers = f"{tmp_path / 'previewed.py'}:numbers"
    result = runner.CliRunner().invoke(app, ["preview", numbers, "--out", str(out)])
    assert result.exit_code == 1
    assert "no images" in result.output
    result = runner.CliRunner().invoke(app, ["preview", target, "--out", "/nowhere/at/all.png"])
    assert "there is no folder" in result.output
