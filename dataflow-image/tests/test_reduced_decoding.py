"""Decoding at a lower resolution gives what decoding in full would, for less."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import DataFlow, DataFromList
from dataflow_image import AugmentImageComponent, DecodeImage, ImageDecodeError
from dataflow_image.decoding import encoded, undecoded
from dataflow_image.decoding.encoded import EncodedImage, reduced_flags
from dataflow_image.decoding.header import ImageHeader
from dataflow_image.imgaug import (
    CenterCrop,
    ColorJitter,
    Flip,
    GoogleNetRandomCropAndResize,
    ImageAugmentor,
    MapImage,
    Resize,
    ResizeShortestEdge,
)

HEIGHT, WIDTH = 601, 803


def photo() -> npt.NDArray[Any]:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [
        128 + 90 * np.sin(rows / a) * np.cos(columns / b) for a, b in ((60, 80), (90, 50), (70, 70))
    ]
    return np.stack(planes, axis=-1).astype(np.uint8)


JPEG: bytes = cv2.imencode(".jpg", photo(), (cv2.IMWRITE_JPEG_QUALITY, 95))[1].tobytes()
PNG: bytes = cv2.imencode(".png", photo())[1].tobytes()


def source(*data: bytes) -> DataFlow:
    return DataFromList([[one, number] for number, one in enumerate(data)], shuffle=False)


@pytest.fixture
def factors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """By how much each image was reduced."""
    seen: list[int] = []

    def noted(channel: int, factor: int) -> int:
        seen.append(factor)
        return reduced_flags(channel, factor)

    for module in (encoded, undecoded):
        monkeypatch.setattr(module, "reduced_flags", noted)
    return seen


LISTS: list[list[ImageAugmentor]] = [
    [GoogleNetRandomCropAndResize((0.5, 1.0), target_shape=64), Flip(horiz=True)],
    [ResizeShortestEdge(80), CenterCrop(64), ColorJitter(0.2)],
    [Resize((70, 90))],
]


@pytest.mark.parametrize("augmentors", LISTS, ids=lambda chosen: type(chosen[0]).__name__)
@pytest.mark.parametrize("channel", [1, 3])
def test_reduced_images_show_the_same_draws(
    augmentors: list[ImageAugmentor], channel: int, factors: list[int]
) -> None:
    results = []
    for reduced in (False, True):
        flow = DecodeImage(
            source(*[JPEG] * 20), channel=channel, augmentors=augmentors, reduced=reduced
        )
        flow.reset_state(seed=4)
        results.append([image.astype(int) for image, _ in flow])
    assert set(factors) & {4, 8}
    for full, small in zip(*results, strict=True):
        assert full.shape == small.shape
        # The window's edges move by less than half a pixel of the reduced image.
        assert np.abs(full - small).mean() < 4


def test_augmenting_while_decoding_is_augmenting_after_it() -> None:
    together = DecodeImage(source(JPEG, PNG), augmentors=LISTS[0])
    apart = AugmentImageComponent(DecodeImage(source(JPEG, PNG)), LISTS[0])
    for flow in (together, apart):
        flow.reset_state(seed=1)
    for (image, _), (same, _) in zip(together, apart, strict=True):
        np.testing.assert_array_equal(image, same)


@pytest.mark.parametrize(
    ("side", "factor"), [(700, 1), (301, 1), (300, 2), (150, 4), (76, 4), (75, 8), (10, 8)]
)
def test_no_more_is_reduced_than_the_resize_does(
    side: int, factor: int, factors: list[int]
) -> None:
    [[image, _]] = DecodeImage(source(JPEG), augmentors=[Resize(side)], reduced=True)
    assert image.shape == (side, side, 3)
    assert factors == [factor]


@pytest.mark.parametrize(
    ("data", "augmentors"),
    [
        (PNG, [Resize(50)]),
        (JPEG, []),
        (JPEG, [Flip(horiz=True), Resize(50)]),
        (JPEG, [CenterCrop(50), Resize(9)]),
        (JPEG, [MapImage(np.invert), Resize(50)]),
    ],
    ids=["png", "nothing", "flip", "crop alone", "pixels"],
)
def test_all_else_is_decoded_in_full(
    data: bytes, augmentors: list[ImageAugmentor], factors: list[int]
) -> None:
    [[image, _]] = DecodeImage(source(data), augmentors=augmentors, reduced=True)
    assert factors == [1]
    assert image.shape[0] in (50, 9, HEIGHT)


@pytest.mark.parametrize("upright", [True, False])
def test_the_crop_is_drawn_from_the_upright_size(upright: bool, factors: list[int]) -> None:
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"
    body = exif + b"\x00" * 6
    turned = JPEG[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + JPEG[2:]
    results = []
    for reduced in (True, False):
        flow = DecodeImage(
            source(turned),
            augmentors=[ResizeShortestEdge(70)],
            reduced=reduced,
            exif_orientation=upright,
        )
        results.append(next(iter(flow))[0].astype(int))
    assert results[0].shape == results[1].shape == ((94, 70, 3) if upright else (70, 94, 3))
    assert np.abs(results[0] - results[1]).mean() < 3
    assert factors[0] == 8


def test_broken_data_is_an_error_with_its_position() -> None:
    flow = DecodeImage(source(JPEG, JPEG[:5000]), augmentors=LISTS[0], reduced=True)
    with pytest.raises(ImageDecodeError, match="cut off") as caught:
        list(flow)
    assert caught.value.position == 1
    large = DecodeImage(source(JPEG), augmentors=LISTS[0], reduced=True, max_pixels=9999)
    with pytest.raises(ImageDecodeError, match="max_pixels=9999"):
        list(large)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm"])
def test_max_pixels_is_a_limit_in_every_format(extension: str) -> None:
    data = cv2.imencode(extension, photo())[1].tobytes()
    flow = DecodeImage(source(data), augmentors=LISTS[0], reduced=True, max_pixels=9999)
    with pytest.raises(ImageDecodeError, match="max_pixels=9999"):
        list(flow)


@pytest.mark.parametrize("augmentors", LISTS, ids=lambda chosen: type(chosen[0]).__name__)
@pytest.mark.parametrize("side", [5, 7])
def test_a_header_without_a_size_is_broken_data(
    augmentors: list[ImageAugmentor], side: int
) -> None:
    data = bytearray(JPEG)
    frame = data.find(b"\xff\xc0")
    data[frame + side : frame + side + 2] = bytes(2)
    with pytest.raises(ImageDecodeError) as caught:
        list(DecodeImage(source(JPEG, bytes(data)), augmentors=augmentors, reduced=True))
    assert caught.value.position == 1


def test_a_header_that_the_decoder_reads_differently_makes_it_decode_in_full(
    factors: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EncodedImage, "check", lambda *_: ImageHeader("jpeg", WIDTH, HEIGHT))
    # With restart markers, which rule out that only a part is decoded.
    params = (cv2.IMWRITE_JPEG_RST_INTERVAL, 8)
    jpeg = cv2.imencode(".jpg", photo(), params)[1].tobytes()
    flow = DecodeImage(source(jpeg), augmentors=[Resize((20, 30))], reduced=True)
    expected = DecodeImage(source(jpeg), augmentors=[Resize((20, 30))])
    assert factors == []
    np.testing.assert_array_equal(next(iter(flow))[0], next(iter(expected))[0])
    assert factors == [8, 1]


def test_reduced_needs_to_know_what_follows() -> None:
    with pytest.raises(ValueError, match=r"augmentors=\[...\]"):
        DecodeImage(source(JPEG), reduced=True)


def test_what_changes_the_stream_changes_the_fingerprint() -> None:
    def flow(**options: Any) -> DataFlow:
        return DecodeImage(source(JPEG, JPEG, JPEG), augmentors=LISTS[0], **options)

    first = flow(reduced=True)
    first.reset_state(seed=2)
    rest = iter(first)
    next(rest)
    state = first.state_dict()
    again = flow(reduced=True)
    again.load_state_dict(state)
    expected = [image for image, _ in rest]
    np.testing.assert_array_equal([image for image, _ in again], expected)
    with pytest.raises(Exception, match="reduced"):
        flow().load_state_dict(state)
