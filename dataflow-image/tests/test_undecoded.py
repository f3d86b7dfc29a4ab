"""Images of which no more is decoded than a crop shows are those that are decoded in full."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_core import DataFlow, DataFromList, ParallelData, RepeatedData
from dataflow_core.flow import Call, PointwiseFlow
from dataflow_image import (
    AugmentImageComponent,
    AugmentImageComponents,
    AugmentImageCoordinates,
    DecodeImage,
    ImageDecodeError,
    ImageFolder,
    ImageFromFile,
    imgaug,
    recipes,
)
from dataflow_image.decoding import jpeg as jpeg_module
from dataflow_image.decoding.encoded import EncodedImage
from dataflow_image.decoding.jpeg import jpeg_rows
from dataflow_image.decoding.undecoded import UndecodedJpeg
from dataflow_image.imgaug import AugmentorList, CropTransform, ImageAugmentor, Transform

HEIGHT, WIDTH = 203, 157

SAMPLINGS = {
    "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def photo(height: int = HEIGHT, width: int = WIDTH) -> npt.NDArray[np.uint8]:
    """Structure of all sizes, so that a filter that reaches one row too far is seen."""
    rng = np.random.default_rng(5)
    coarse = cv2.resize(rng.integers(256, size=(9, 7, 3), dtype=np.uint8), (width, height))
    return cv2.addWeighted(
        coarse, 0.6, rng.integers(256, size=(height, width, 3), dtype=np.uint8), 0.4, 0
    ).astype(np.uint8)


def encoded(image: npt.NDArray[np.uint8] | None = None, *params: int) -> bytes:
    return cv2.imencode(".jpg", photo() if image is None else image, params)[1].tobytes()


JPEG = encoded()


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """Return the JPEG with one more segment at its beginning."""
    segment = b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return jpeg[:2] + segment + jpeg[2:]


def turned(jpeg: bytes, orientation: int) -> bytes:
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"
    return with_segment(jpeg, 0xE1, exif + bytes([orientation]) + b"\x00" * 6)


@pytest.fixture
def heights(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """How high each image was that OpenCV decoded; None where it could not."""
    jpeg_rows(JPEG)
    seen: list[int | None] = []
    decode = cv2.imdecode

    def noted(*args: Any) -> Any:
        image = decode(*args)
        seen.append(None if image is None else image.shape[0])
        return image

    monkeypatch.setattr(cv2, "imdecode", noted)
    return seen


# --------------------------------------------------------------------------------------------------
# The upper part of a JPEG


@pytest.mark.skipif(jpeg_rows(JPEG) is None, reason="this OpenCV guesses where data ends too early")
@pytest.mark.parametrize("factor", [1, 2, 4, 8])
@pytest.mark.parametrize("channel", [1, 3])
@pytest.mark.parametrize("sampling", [*SAMPLINGS, "grey"])
def test_upper_rows_are_those_of_the_whole(sampling: str, channel: int, factor: int) -> None:
    if sampling == "grey":
        data = encoded(photo()[:, :, 0])
    else:
        data = encoded(None, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling])
    image = EncodedImage(data)
    whole = image.decode_reduced(channel, factor)
    undecoded = UndecodedJpeg.of(image, channel, exif_orientation=True, factor=factor)
    assert undecoded is not None
    assert undecoded.shape == whole.shape
    for rows in range(1, len(whole) + 1):
        part = undecoded.pixels(rows)
        np.testing.assert_array_equal(part[:rows], whole[:rows])
        assert len(part) <= rows + 2 or rows * factor + 2 > HEIGHT - HEIGHT % 16


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    quality=st.integers(1, 100),
    sampling=st.sampled_from([*SAMPLINGS.values()]),
    data=st.data(),
)
def test_so_they_are_at_any_size_and_quality(
    height: int, width: int, quality: int, sampling: int, data: st.DataObject
) -> None:
    params = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    image = EncodedImage(encoded(photo(height, width), *params))
    undecoded = UndecodedJpeg.of(image, 3, exif_orientation=True)
    rows = data.draw(st.integers(1, height))
    part = image.decode(3) if undecoded is None else undecoded.pixels(rows)
    np.testing.assert_array_equal(part[:rows], image.decode(3)[:rows])


LONG_OFFSETS = b"MM\x00+\x00\x08\x00\x00"
ELIGIBLE = {
    "plain": JPEG,
    "grey": encoded(photo()[:, :, 1]),
    "upright": turned(JPEG, 1),
    "XMP": with_segment(turned(JPEG, 1), 0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>"),
    "comment": with_segment(JPEG, 0xFE, b"\xff\xd9 is no end here"),
    "padded": JPEG + b"\x00" * 77,
}
NOT_ELIGIBLE = {
    "progressive": encoded(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restart markers": encoded(None, cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    "more images": with_segment(JPEG, 0xE2, b"MPF\x00" + bytes(40)) + JPEG,
    "EXIF without anything": with_segment(turned(JPEG, 1), 0xE1, b"Exif\x00\x00"),
    "EXIF twice": turned(turned(JPEG, 1), 1),
    "EXIF without byte order": turned(JPEG, 1).replace(b"MM\x00*", b"\tM\x00*"),
    "EXIF cut off": turned(JPEG, 1).replace(b"\x00\x01\x01\x12", b"\x00\x09\x01\x11"),
    "EXIF out of order": turned(JPEG, 1).replace(b"\x00\x01\x01\x12", b"\x00\x02\x01\x13"),
    "EXIF with long offsets": turned(JPEG, 1).replace(b"MM\x00*\x00\x00\x00\x08", LONG_OFFSETS),
    "metadata unknown": with_segment(JPEG, 0xE1, b"mine"),
    "cut off": JPEG[:-1],
    "cut off, and padded": JPEG[:-1] + b"\x00" * 77,
    "ends in its header": JPEG[: JPEG.index(b"\xff\xda") + 4],
    "fill bytes": JPEG[:2] + b"\xff" + JPEG[2:],
    "no height": JPEG.replace(HEIGHT.to_bytes(2, "big") + WIDTH.to_bytes(2, "big"), bytes(4)),
    "png": cv2.imencode(".png", photo())[1].tobytes(),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", ELIGIBLE)
def test_ordinary_files_are_decoded_in_part(
    kind: str, heights: list[int | None], capfd: pytest.CaptureFixture[str]
) -> None:
    if jpeg_rows(JPEG) is None:
        pytest.skip("this OpenCV guesses where data ends too early")
    flow = AugmentImageComponent(DecodeImage(source(ELIGIBLE[kind])), [Top(20)])
    assert len(next(iter(flow))[0]) == 20
    assert heights == [21 if kind == "grey" else 22]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", NOT_ELIGIBLE)
def test_all_others_as_ever(kind: str) -> None:
    assert jpeg_rows(NOT_ELIGIBLE[kind]) is None


def test_a_file_may_end_anywhere() -> None:
    header = JPEG.index(b"\xff\xda") + 20
    for end in range(header):
        assert jpeg_rows(JPEG[:end]) is None
        jpeg_rows(JPEG[:end] + b"\xff\xd9")


def test_an_image_to_be_turned_is_decoded_in_full(heights: list[int | None]) -> None:
    flow = AugmentImageComponent(DecodeImage(source(turned(JPEG, 3))), [Top(20)])
    image = next(iter(flow))[0]
    assert heights == [HEIGHT]
    np.testing.assert_array_equal(image, EncodedImage(JPEG).decode(3)[: -20 - 1 : -1, ::-1])
    asis = DecodeImage(source(turned(JPEG, 3)), exif_orientation=False)
    image = next(iter(AugmentImageComponent(asis, [Top(20)])))[0]
    np.testing.assert_array_equal(image, EncodedImage(JPEG).decode(3)[:20])


ODD_EXIF = {
    "nothing before it": with_segment(turned(JPEG, 3), 0xE1, b"Exif\x00\x00"),
    "no byte order": turned(JPEG, 3).replace(b"MM\x00*", b"\tM\x00*"),
    "long offsets": turned(JPEG, 3).replace(b"MM\x00*\x00\x00\x00\x08", LONG_OFFSETS),
    "twice": turned(turned(JPEG, 3), 1),
    "twice, the other way round": turned(turned(JPEG, 1), 3),
}


@pytest.mark.parametrize("kind", ODD_EXIF)
def test_odd_metadata_turn_an_image_as_in_full(kind: str) -> None:
    for flow in in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, [Top(20)]), [ODD_EXIF[kind]]
    ):
        image = next(iter(flow))[0]
        np.testing.assert_array_equal(image, EncodedImage(ODD_EXIF[kind]).decode(3)[:20])


def test_an_opencv_that_guesses_decodes_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_module, "_cut_off_is_noticed", lambda: False)
    assert jpeg_rows(JPEG) is None


# --------------------------------------------------------------------------------------------------
# In pipelines


class Top(ImageAugmentor):
    """Crop the uppermost rows."""

    reads_pixels = False

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def get_transform(self, img: npt.NDArray[Any]) -> Transform:
        return CropTransform(0, 0, self.rows, img.shape[1])


class Darkest(ImageAugmentor):
    """Crop from the darkest row down, which only pixels tell."""

    def get_transform(self, img: npt.NDArray[Any]) -> Transform:
        row = int(img[:-10].mean(axis=(1, 2)).argmin())
        return CropTransform(row, 0, 10, img.shape[1])


def blackened(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    image[:5] = 0
    return image


def source(*data: bytes) -> DataFlow:
    return DataFromList([[one, number] for number, one in enumerate(data)], shuffle=False)


class Between(PointwiseFlow):
    """Does nothing and draws nothing, but keeps two stages apart."""

    _draws = False

    def _call(self) -> Call:
        return lambda dp: dp


LISTS: dict[str, list[ImageAugmentor]] = {
    "nothing": [],
    "crop": [imgaug.RandomCrop(40)],
    "train": recipes.resnet_train(48),
    "eval": recipes.resnet_eval(48, 60),
    "crops": [imgaug.CenterCrop(90), imgaug.RandomCrop(30), imgaug.Flip(vert=True)],
    "flip, then crop": [imgaug.Flip(horiz=True), imgaug.RandomCrop((30, 50))],
    "turned, then crop": [imgaug.Flip(vert=True), imgaug.RandomCrop((30, 50))],
    "resize, then crop": [imgaug.Resize(80), imgaug.RandomCrop(50)],
    "contrast, then crop": [imgaug.Contrast((0.5, 2.0)), imgaug.RandomCrop(50)],
    "by its pixels": [Darkest(), imgaug.Flip(horiz=True)],
    "crop, then by its pixels": [imgaug.RandomCrop(90), Darkest()],
    "a function": [imgaug.MapImage(blackened), imgaug.RandomCrop(20)],
    "warp": [imgaug.RandomCrop(90), imgaug.Rotation(20)],
    "nested": [AugmentorList([imgaug.RandomCrop(60), imgaug.Saturation()])],
}
FOR_COLOR = ("train", "nested", "by its pixels", "crop, then by its pixels")
DATA = [JPEG, encoded(photo(97, 300)), NOT_ELIGIBLE["progressive"], NOT_ELIGIBLE["png"]] * 3


def in_part_and_in_full(
    augment: Callable[[DataFlow], DataFlow], data: list[bytes], **options: Any
) -> tuple[DataFlow, DataFlow]:
    """Return the same pipeline twice: in the second one, a stage keeps the two others apart."""
    together = augment(DecodeImage(source(*data), **options))
    apart = augment(Between(DecodeImage(source(*data), **options)))
    for flow in (together, apart):
        flow.reset_state(seed=3)
    return together, apart


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("channel", [1, 3])
@pytest.mark.parametrize("augmentors", LISTS)
def test_the_stream_is_the_same(augmentors: str, channel: int, fuse: bool) -> None:
    chosen = LISTS[augmentors]
    if channel == 1 and augmentors in FOR_COLOR:
        pytest.skip("for colour")

    def augment(ds: DataFlow) -> DataFlow:
        return AugmentImageComponent(ds, chosen, fuse=fuse)

    together, apart = in_part_and_in_full(augment, DATA, channel=channel)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert one[0].dtype == other[0].dtype
        assert one[1] == other[1]


@pytest.mark.parametrize("augmentors", ["train", "crop", "crops"])
def test_less_is_decoded(augmentors: str, heights: list[int | None]) -> None:
    if jpeg_rows(JPEG) is None:
        pytest.skip("this OpenCV guesses where data ends too early")
    together, apart = in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, LISTS[augmentors]), [JPEG] * 40
    )
    list(together)
    part = [*heights]
    heights.clear()
    list(apart)
    assert heights == [HEIGHT] * 40
    assert len(part) == 40
    assert sum(rows or 0 for rows in part) < 0.95 * sum(rows or 0 for rows in heights)


@pytest.mark.parametrize("augmentors", ["train", "crop"])
def test_within_the_decoding_stage_too(augmentors: str, heights: list[int | None]) -> None:
    def flow(fuse: bool) -> DataFlow:
        chosen = AugmentorList(LISTS[augmentors], fuse=fuse)
        made = DecodeImage(source(*[JPEG] * 20), augmentors=chosen)
        made.reset_state(seed=3)
        return made

    images = [image for image, _ in flow(True)]
    assert jpeg_rows(JPEG) is None or sum(rows or 0 for rows in heights) < 20 * HEIGHT
    for image, (unfused, _) in zip(images, flow(False), strict=True):
        # Unfused, each colour operation rounds and cuts off, so single values may be far apart.
        assert np.abs(image.astype(int) - unfused).mean() < 1


@pytest.mark.parametrize("backend", ["inline", "thread", "process"])
def test_on_any_backend(backend: str) -> None:
    together, apart = in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, LISTS["train"]).batch(4), DATA
    )
    parallel = ParallelData(together, 2, backend=backend)
    parallel.reset_state(seed=3)
    with parallel:
        for one, other in zip(parallel, apart, strict=True):
            np.testing.assert_array_equal(one[0], other[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in ("cats", "dogs"):
        (tmp_path / label).mkdir()
        for number, data in enumerate(DATA):
            (tmp_path / label / f"{number}.jpg").write_bytes(data)
    return tmp_path


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("backend", [None, "thread", "process"])
@pytest.mark.parametrize("kind", ["folder", "files"])
def test_sources_leave_it_undecoded_too(
    kind: str, backend: str | None, repeated: bool, folder: Path, heights: list[int | None]
) -> None:
    def stream(apart: bool) -> list[Any]:
        flow: DataFlow
        if kind == "folder":
            flow = ImageFolder(folder, shuffle=True, decode=True)
        else:
            flow = ImageFromFile(sorted(folder.glob("*/*.jpg")), shuffle=True)
        if repeated:
            flow = RepeatedData(flow, 2)
        flow = AugmentImageComponent(Between(flow) if apart else flow, LISTS["train"])
        if backend is not None:
            flow = ParallelData(flow, 2, backend=backend)
        with flow:
            flow.reset_state(seed=2)
            return list(flow)

    in_part = stream(apart=False)
    part = [*heights]
    heights.clear()
    for one, other in zip(in_part, stream(apart=True), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert one[1:] == other[1:]
    if backend != "process" and not repeated and jpeg_rows(JPEG) is not None:
        assert sum(rows or 0 for rows in part) < sum(rows or 0 for rows in heights)


def test_errors_of_sources_are_theirs(folder: Path) -> None:
    (folder / "cats" / "0.jpg").write_bytes(without_tables(JPEG))
    for flow in (
        ImageFolder(folder, decode=True),
        ImageFromFile(sorted(folder.glob("*/*.jpg"))),
    ):
        with pytest.raises(ImageDecodeError, match=r"0\.jpg") as caught:
            list(AugmentImageComponent(flow, [Top(9)]))
        assert caught.value.position == 0
        notes = caught.value.__notes__  # type: ignore[attr-defined,unused-ignore]
        assert [note.partition("(")[0] for note in notes] == [f"in stage {type(flow).__name__}"]


@pytest.mark.parametrize("options", [{"channel": 1}, {"resize": 40}])
def test_files_that_are_changed_on_the_way_are_decoded(
    options: dict[str, Any], folder: Path
) -> None:
    flow = ImageFromFile([folder / "cats" / "0.jpg"], **options)
    [image] = next(iter(AugmentImageComponent(flow, [Top(9)])))
    np.testing.assert_array_equal(image, next(iter(flow))[0][:9])


def test_what_is_marked_in_the_image_follows() -> None:
    marks = np.array([[10.0, 20.0], [30.5, 7.0]])

    def dict_of(dp: Any) -> Any:
        image, _ = dp
        boxes = np.array([[3.0, 5.0, 60.0, 40.0]])
        return {"image": image, "points": marks, "boxes": boxes, "mask": np.ones((HEIGHT, WIDTH))}

    def streams(apart: bool) -> tuple[list[Any], list[Any]]:
        decoded = DecodeImage(source(*[JPEG] * 6).map(dict_of), "image")
        ds = Between(decoded) if apart else decoded
        augmentors = [imgaug.RandomCrop(50), imgaug.Flip(horiz=True)]
        points = AugmentImageCoordinates(ds, augmentors, "image", "points")
        all_marks = AugmentImageComponents(
            ds, augmentors, "image", "points", mask_index="mask", box_index="boxes"
        )
        for flow in (points, all_marks):
            flow.reset_state(seed=1)
        return list(points), list(all_marks)

    for one, other in zip(streams(False), streams(True), strict=True):
        for dp, expected in zip(one, other, strict=True):
            assert dp.keys() == expected.keys()
            for key in dp:
                np.testing.assert_array_equal(dp[key], expected[key])


def test_who_looks_at_another_component_gets_images() -> None:
    flow = AugmentImageComponent(DecodeImage(source(JPEG)).map(lambda dp: [dp[0], dp[0]]), [])
    assert [type(image) for image in next(iter(flow))] == [np.ndarray, np.ndarray]
    other = AugmentImageComponent(
        DecodeImage(source(JPEG).map(lambda dp: [dp[0], photo()])), [imgaug.RandomCrop(9)], index=1
    )
    images = next(iter(other))
    assert [type(image) for image in images] == [np.ndarray, np.ndarray]
    assert [image.shape for image in images] == [(HEIGHT, WIDTH, 3), (9, 9, 3)]

    class Counted(AugmentImageComponent):
        def _augment(self, dp: Any) -> Any:
            assert isinstance(dp[0], np.ndarray)
            return super()._augment(dp)

    assert next(iter(Counted(DecodeImage(source(JPEG)), [Top(9)])))[0].shape == (9, WIDTH, 3)


def test_a_mere_crop_does_not_keep_the_image_alive() -> None:
    flow = AugmentImageComponent(DecodeImage(source(JPEG)), [imgaug.RandomCrop(30)])
    assert next(iter(flow))[0].base is None


# --------------------------------------------------------------------------------------------------
# Damage


def without_tables(jpeg: bytes) -> bytes:
    """Return a JPEG whose header is in order, but whose Huffman tables cannot be."""
    start = jpeg.index(b"\xff\xc4") + 5
    return jpeg[:start] + b"\xff" * 16 + jpeg[start + 16 :]


def test_errors_are_the_decoding_stages() -> None:
    data = [JPEG, without_tables(JPEG), JPEG]
    together, apart = in_part_and_in_full(lambda ds: AugmentImageComponent(ds, [Top(20)]), data)
    for flow in (together, apart):
        with pytest.raises(ImageDecodeError) as caught:
            list(flow)
        assert caught.value.position == 1
        notes = caught.value.__notes__  # type: ignore[attr-defined,unused-ignore]
        assert [note.partition("(")[0] for note in notes] == ["in stage DecodeImage"]


def test_a_broken_image_is_told_before_what_its_size_rules_out() -> None:
    small = without_tables(encoded(photo(40, 40)))
    for flow in in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, [imgaug.CenterCrop(60)]), [small]
    ):
        with pytest.raises(ImageDecodeError):
            list(flow)
    sound = encoded(photo(40, 40))
    for flow in in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, [imgaug.CenterCrop(60)]), [sound]
    ):
        with pytest.raises(ValueError, match="CenterCrop") as caught:
            list(flow)
        notes = caught.value.__notes__  # type: ignore[attr-defined,unused-ignore]
        assert [note.partition("(")[0] for note in notes] == ["in stage AugmentImageComponent"]


def test_policies_are_asked_about_the_decoding_stage() -> None:
    data = [JPEG, without_tables(JPEG), JPEG]
    together, _ = in_part_and_in_full(lambda ds: AugmentImageComponent(ds, [Top(20)]), data)
    asked: list[tuple[str, int]] = []

    def skip(_error: Exception, stage: str, position: int) -> Literal["skip"]:
        asked.append((stage.partition("(")[0], position))
        return "skip"

    with ParallelData(together, 2, backend="thread", on_error=skip) as flow:
        flow.reset_state(seed=1)
        assert [number for _, number in flow] == [0, 2]
    assert asked == [("DecodeImage", 1)]


def test_what_augmentors_are_to_be_forgiven_the_decoder_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        raise ValueError("no")

    flow = DecodeImage(source(JPEG, without_tables(JPEG)))
    forgiving = AugmentImageComponent(flow, [imgaug.MapImage(fails)], catch_exceptions=True)
    with caplog.at_level(logging.ERROR), pytest.raises(ImageDecodeError):
        list(forgiving)
    assert forgiving.num_dropped == 1


def test_too_large_is_said_before_decoding(heights: list[int | None]) -> None:
    flow = AugmentImageComponent(DecodeImage(source(JPEG), max_pixels=100), [Top(20)])
    with pytest.raises(ImageDecodeError, match="max_pixels=100"):
        next(iter(flow))
    assert heights == []


def swallowing_its_end(jpeg: bytes) -> bytes:
    """Return a JPEG with a segment in its scan that takes all the rest for its own."""
    at = len(jpeg) * 3 // 4
    return jpeg[:at] + b"\xff\xe5\xff\xff" + jpeg[at + 4 :] + b"a trailer"


@pytest.mark.parametrize(
    "flow",
    [
        lambda ds: AugmentImageComponent(DecodeImage(ds), [Top(20)]),
        lambda ds: DecodeImage(ds, augmentors=[Top(20)]),
        lambda ds: DecodeImage(ds, augmentors=[Top(20)], reduced=True),
    ],
    ids=["crop next", "crop within", "reduced"],
)
def test_a_crop_hides_no_missing_end(flow: Callable[[DataFlow], DataFlow]) -> None:
    data = swallowing_its_end(JPEG)
    with pytest.raises(ImageDecodeError, match="cut off"):
        list(DecodeImage(source(data)))
    with pytest.raises(ImageDecodeError, match="cut off"):
        list(flow(source(data)))


def test_data_that_is_used_up_early_is_for_the_decoder_to_judge(heights: list[int | None]) -> None:
    short = JPEG[: len(JPEG) // 2] + b"\xff\xd9"
    flows = in_part_and_in_full(lambda ds: AugmentImageComponent(ds, [Top(150)]), [short])
    one, other = (next(iter(flow))[0] for flow in flows)
    assert heights[-2:] == [HEIGHT, HEIGHT]
    np.testing.assert_array_equal(one, other)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_files_come_out_alike(data: st.DataObject) -> None:
    damaged = bytearray(JPEG)
    for _ in range(data.draw(st.integers(1, 20))):
        damaged[data.draw(st.integers(2, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        damaged[-2:] = b"\xff\xd9"
    if data.draw(st.booleans()):
        damaged += b"a trailer"
    rows = data.draw(st.integers(1, HEIGHT // 2))
    flows = in_part_and_in_full(
        lambda ds: AugmentImageComponent(ds, [Top(rows)], fuse=False), [bytes(damaged)]
    )
    outcomes: list[Any] = []
    for flow in flows:
        try:
            outcomes.append(next(iter(flow))[0])
        except (ImageDecodeError, ValueError) as error:
            outcomes.append(type(error))
    np.testing.assert_array_equal(outcomes[0], outcomes[1])


def test_what_was_met_before_changes_nothing() -> None:
    files = [*ELIGIBLE.values(), *NOT_ELIGIBLE.values(), encoded(photo(40, 300)), turned(JPEG, 6)]
    alone = []
    for data in files:
        jpeg_module._known.clear()
        alone.append(jpeg_rows(data))
    for data, expected in zip(files, alone, strict=True):
        for before in files:
            jpeg_rows(before)
            assert jpeg_rows(data) == expected
