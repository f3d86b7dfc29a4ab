"""`dataflow preview` shows what the pipeline yields, beside what it came from."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
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
from dataflow_image.imgaug.spec import Image
from dataflow_image.preview.drawing import Marks, drawn
from dataflow_image.preview.errors import PreviewError
from dataflow_image.preview.page import preview_page
from dataflow_image.preview.sheet import preview_sheet
from dataflow_image.preview.shown import Row, Shot, rows_of
from dataflow_image.preview.wording import described

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


def images(row: Row) -> list[Image]:
    return [shot.image for shot in row.augmented if shot is not None]


def source(*, shuffle: bool = False) -> DataFlow:
    return DataFromList(dps(), shuffle=shuffle)


def test_originals_stand_beside_what_each_epoch_makes_of_them() -> None:
    flow = AugmentImageComponent(source(), [imgaug.Flip(horiz=True)], "image")
    rows = rows_of(BatchData(flow, 3), count=3, epochs=8, seed=1)
    assert len(rows) == 3
    kinds = set()
    for row, dp in zip(rows, dps(), strict=True):
        plain = drawn(np.asarray(dp["image"]), Marks())
        mirrored = drawn(np.asarray(dp["image"])[:, ::-1], Marks())
        np.testing.assert_array_equal(row.original.image, plain)
        assert len(row.augmented) == 8
        for image in images(row):
            kinds.add(np.array_equal(image, plain))
            assert np.array_equal(image, plain) or np.array_equal(image, mirrored)
    assert kinds == {True, False}


def test_what_is_shown_is_what_the_pipeline_yields() -> None:
    flow = AugmentImageComponent(source(), [imgaug.RandomCrop(20)], "image")
    rows = rows_of(flow, count=3, epochs=1, seed=7)
    flow.reset_state(7)
    for row, dp in zip(rows, flow, strict=True):
        np.testing.assert_array_equal(images(row)[0], drawn(dp["image"], Marks()))


def test_shuffled_epochs_are_not_mixed_up() -> None:
    flow = AugmentImageComponent(source(shuffle=True), FLIP, "image")
    for row in rows_of(flow, count=3, epochs=5, seed=0):
        assert len(row.augmented) in (1, 5)
        for image in images(row):
            np.testing.assert_array_equal(image, row.original.image[:, ::-1])


def test_marks_are_drawn_in() -> None:
    plain = rows_of(AugmentImageComponent(source(), FLIP, "image"), 1, 1, 0)[0]
    points = rows_of(AugmentImageCoordinates(source(), FLIP, "image", "points"), 1, 1, 0)[0]
    assert not np.array_equal(images(points)[0], images(plain)[0])
    for kind, name in (
        ("box_index", "boxes"),
        ("mask_index", "mask"),
        ("polygon_index", "polygons"),
        ("coords_index", "points"),
    ):
        flow = AugmentImageComponents(source(), FLIP, "image", **{kind: name})
        marked = rows_of(flow, 1, 1, 0)[0]
        assert not np.array_equal(images(marked)[0], images(plain)[0]), kind
        assert not np.array_equal(marked.original.image, plain.original.image), kind


def test_a_box_is_drawn_where_it_is() -> None:
    black = np.zeros((336, 336, 3), np.uint8)
    image = drawn(black, Marks(boxes=[np.array([[100.0, 50.0, 200.0, 80.0]])]))
    rows, columns = np.nonzero(image.any(axis=2))
    assert abs(rows.min() - 50) <= 2
    assert abs(rows.max() - 80) <= 2
    assert abs(columns.min() - 100) <= 2
    assert abs(columns.max() - 200) <= 2


@pytest.mark.parametrize("far", [np.nan, np.inf, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("kind", ["points", "boxes", "polygons"])
def test_marks_that_are_lost_or_far_away_leave_the_others_to_be_drawn(
    kind: str, far: float
) -> None:
    black = np.zeros((60, 90, 3), np.uint8)
    near = np.array([[10.0, 10, 20, 20], [30, 30, 50, 50]])
    away = np.array([[10.0, far, far, 20]])
    if kind != "boxes":
        near, away = near.reshape(-1, 2), away.reshape(-1, 2)
    shown = drawn(black, Marks(**{kind: [np.concatenate([near, away])]}))
    assert (shown[:, :, 1:].any(axis=2) & drawn(black, Marks(**{kind: [near]})).any(axis=2)).any()
    assert not drawn(black, Marks(**{kind: [np.full_like(near, np.nan)]})).any()


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (5,), (0,)])
def test_masks_are_drawn_whatever_channels_they_have(channels: tuple[int, ...]) -> None:
    mask = np.zeros((60, 90, *channels), np.bool_)
    mask[10:30, 10:30, ...] = True
    shown = drawn(np.zeros((60, 90, 3), np.uint8), Marks(masks=[mask]))
    assert shown.any() == (channels != (0,))
    if channels:
        # What only the last channel marks is seen, too.
        mask[..., :-1] = False
        np.testing.assert_array_equal(
            drawn(np.zeros_like(shown), Marks(masks=[mask])).any(), channels != (0,)
        )


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
    assert len(rows_of(flow, 5, 4, 0)) == 5
    with pytest.raises(PreviewError, match="no images"):
        rows_of(DataFromList([[1], [2]]), 5, 4, 0)


@pytest.mark.parametrize("value", [1, None, np.zeros((8, 8, 3), np.uint8)], ids=type)
def test_a_pipeline_of_bare_values_is_told_how_to_make_them_datapoints(value: object) -> None:
    flow = DataFromList([value, value], shuffle=False)
    with pytest.raises(PreviewError, match=f"of type {type(value).__name__}; .map"):
        rows_of(flow, 5, 4, 0)


def test_an_image_alone_is_shown_once_it_is_a_datapoint() -> None:
    flow = DataFromList([np.zeros((8, 8, 3), np.uint8)] * 2, shuffle=False)
    assert len(rows_of(flow.map(lambda value: [value]), 5, 4, 0)) == 2


def test_rows_tell_positions_and_what_else_is_in_the_datapoints() -> None:
    dps = [[np.full((8, 8, 3), n, np.uint8), f"image {n}", n] for n in range(4)]
    flow = DataFromList(dps, shuffle=False).filter(lambda dp: dp[2] != 1)
    rows = rows_of(AugmentImageComponent(flow, FLIP), 3, 2, 0)
    assert [row.position for row in rows] == [0, 2, 3]
    for row in rows:
        texts = (("1", f"'image {row.position}'"), ("2", str(row.position)))
        assert row.original.texts == texts
        assert [shot and shot.texts for shot in row.augmented] == [texts] * 2


def test_rows_of_a_parallel_pipeline_are_those_of_the_sequential_one() -> None:
    flow = AugmentImageComponent(source(), [imgaug.RandomCrop(20)], "image")
    parallel = AugmentImageComponent(
        source().parallel(2, backend="thread"), [imgaug.RandomCrop(20)], "image"
    )
    for row, expected in zip(
        rows_of(BatchData(parallel, 3).parallel(2, backend="thread"), 3, 2, 1),
        rows_of(flow, 3, 2, 1),
        strict=True,
    ):
        assert row.position == expected.position
        np.testing.assert_array_equal(images(row), images(expected))


def test_a_datapoint_that_is_left_out_leaves_a_gap_beside_its_own_original() -> None:
    def bright_only(image: Image) -> Image:
        if image.mean() < 100:
            raise ValueError("too dark")
        return image

    dps = [[np.full((8, 8, 3), level, np.uint8)] for level in (200, 20, 210)]
    flow = AugmentImageComponent(
        DataFromList(dps, shuffle=False), [imgaug.MapImage(bright_only)], catch_exceptions=True
    )
    rows = rows_of(flow, 3, 1, 0)
    assert [[shot is not None for shot in row.augmented] for row in rows] == [
        [True],
        [False],
        [True],
    ]
    assert images(rows[2])[0][0, 0].tolist() == [210] * 3
    assert preview_sheet(rows, "t", 0).startswith(b"\x89PNG")
    assert preview_page(rows, "t", 0, "").count("left out") == 1


def test_batches_are_taken_apart_with_their_labels() -> None:
    flow = BatchData(
        DataFromList([[np.full((8, 8, 3), n, np.uint8), n] for n in range(6)], False), 3
    )
    rows = rows_of(flow, 5, 1, 0)
    assert [row.original.texts for row in rows] == [(("1", str(n)),) for n in range(5)]
    assert [row.original.image[0, 0, 0] for row in rows] == list(range(5))


class TestThePage:
    class Reader(HTMLParser):
        """Collects what a page shows, and what it would load."""

        def __init__(self, page: str) -> None:
            super().__init__()
            self.loaded: list[str] = []
            self.tags: list[str] = []
            self.text = ""
            self.feed(page)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)
            self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

        def handle_data(self, data: str) -> None:
            self.text += data

    def test_holds_the_images_and_loads_nothing(self) -> None:
        rows = rows_of(AugmentImageComponent(source(), FLIP, "image"), 2, 3, 0)
        read = self.Reader(preview_page(rows, "flows:train", 7, "DataFromList"))
        assert len(read.loaded) == 2 * (1 + 3)
        for url in read.loaded:
            assert url.startswith("data:image/jpeg;base64,")
        expected = [image for row in rows for image in (row.original.image, *images(row))]
        for url, image in zip(read.loaded, expected, strict=True):
            data = base64.b64decode(url.partition(",")[2], validate=True)
            shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            assert shown is not None
            assert np.abs(shown.astype(int) - image).mean() < 12
        assert not {"script", "link", "iframe"} & set(read.tags)

    def test_tells_seed_positions_epochs_and_components(self) -> None:
        flow = AugmentImageComponents(source(), FLIP, "image", box_index="boxes")
        text = self.Reader(preview_page(rows_of(flow, 2, 2, 7), "flows:train", 7, "tree")).text
        for told in ("flows:train", "seed 7", "tree", "position 0", "position 1", "epoch 1"):
            assert told in text
        assert "[[4.0, 4.0, 20.0, 10.0]] float64" in text
        assert "[[20.0, 4.0, 36.0, 10.0]] float64" in text

    def test_shows_every_text_as_it_is(self) -> None:
        evil = '</dd></pre><script>alert("&amp;")</script>'
        row = Row(0, Shot(np.zeros((4, 4, 3), np.uint8), ((evil, evil),)))
        page = preview_page([row], evil, 0, evil)
        read = self.Reader(page)
        assert "script" not in read.tags
        assert read.text.count(evil) == 5  # both titles, the pipeline, name and component

    def test_describes_components_in_a_few_words(self) -> None:
        assert described("x" * 1000).startswith("'xxx")
        assert len(described("x" * 1000)) < 80
        assert len(described({n: list(range(99)) for n in range(99)})) < 200
        assert described(np.zeros((9, 2), np.float32)) == "9 x 2 float32"
        assert described(np.array(["a", "b"])) == "['a', 'b'] <U1"
        assert described(np.int64(3)) == "3"
        assert described(None) == "None"
        assert described([np.zeros((9, 2))] * 3) == "list of 3: 9 x 2 float64, ..."


PIPELINE = """
import numpy as np
from dataflow_core import DataFromList
from dataflow_image import AugmentImageComponent, recipes
def train():
    images = [[np.full((90, 120, 3), 20 * n, np.uint8), n] for n in range(5)]
    return AugmentImageComponent(DataFromList(images, shuffle=False), recipes.resnet_train(64))
def shuffled():
    images = [[np.full((90, 120, 3), 5 * n, np.uint8), n] for n in range(50)]
    return AugmentImageComponent(DataFromList(images, shuffle=True), recipes.resnet_train(64))
numbers = DataFromList([[1], [2]])
bare = DataFromList([1, 2])
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
    bare = f"{tmp_path / 'previewed.py'}:bare"
    result = runner.CliRunner().invoke(app, ["preview", bare, "--out", str(out)])
    assert result.exit_code == 1
    assert "error: a preview shows datapoints" in result.output
    result = runner.CliRunner().invoke(app, ["preview", target, "--out", "/nowhere/at/all.png"])
    assert "there is no folder" in result.output


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    from dataflow_core.cli.app import app

    (tmp_path / "paged.py").write_text(PIPELINE)
    out = tmp_path / "sheet.HTML"
    target = f"{tmp_path / 'paged.py'}:train"
    result = runner.CliRunner().invoke(app, ["preview", target, "--epochs", "2", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "5 images" in result.output
    assert "shuffle" not in result.output
    page = out.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 5 * 3
    assert "AugmentImageComponent" in page
    shuffled = f"{tmp_path / 'paged.py'}:shuffled"
    result = runner.CliRunner().invoke(app, ["preview", shuffled, "--out", str(out)])
    assert "only one is shown" in result.output
    for name in ("sheet.jpg", "sheet"):
        wrong = str(tmp_path / name)
        result = runner.CliRunner().invoke(app, ["preview", target, "--out", wrong])
        assert result.exit_code == 1
        assert "is a .png or a .html file" in result.output
