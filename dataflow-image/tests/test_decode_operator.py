"""DecodeImage: what it takes, what it hands out, and how it says that data is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import ComponentError, DataFlow, DataFromList
from dataflow_image import DecodeImage, ImageDecodeError, ImageFolder

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
PNG: bytes = cv2.imencode(".png", PICTURE)[1].tobytes()


def flow_of(*items: Any) -> DataFlow:
    return DataFromList(list(items), shuffle=False)


def as_array(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, as_array])
def test_bytes_of_every_kind_are_decoded(wrap: Any) -> None:
    [[image, label]] = DecodeImage(flow_of([wrap(PNG), 5]))
    np.testing.assert_array_equal(image, PICTURE)
    assert label == 5


def test_paths_are_decoded(image_folder: Path) -> None:
    decoded = ImageFolder(image_folder, decode=True)
    for (image, label), (same, same_label) in zip(
        DecodeImage(ImageFolder(image_folder)), decoded, strict=True
    ):
        np.testing.assert_array_equal(image, same)
        assert label == same_label


@pytest.mark.parametrize(
    ("dp", "index"),
    [([PNG, 5], 0), ((5, PNG), 1), ([5, PNG], -1), ({"x": 5, "image": PNG}, "image")],
)
def test_lists_tuples_and_dicts_keep_their_type_and_are_not_modified(dp: Any, index: Any) -> None:
    [out] = DecodeImage(flow_of(dp), index)
    assert type(out) is type(dp)
    np.testing.assert_array_equal(out[index], PICTURE)
    assert dp[index] is PNG


def test_grey() -> None:
    [[image]] = DecodeImage(flow_of([PNG]), channel=1)
    assert image.shape == (6, 9)


def test_orientation_can_be_left_as_it_is_stored() -> None:
    jpeg = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    on_its_side = bytes.fromhex(
        "ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 00060000 00000000"
    )
    turned = jpeg[:2] + on_its_side + jpeg[2:]
    [[image]] = DecodeImage(flow_of([turned]))
    assert image.shape == (9, 6, 3)
    [[image]] = DecodeImage(flow_of([turned]), exif_orientation=False)
    assert image.shape == (6, 9, 3)


@pytest.mark.parametrize("backend", [None, "inline", "thread"])
def test_broken_data_raises_with_its_position(backend: str | None) -> None:
    flow: DataFlow = DecodeImage(flow_of([PNG], [PNG], [PNG[:60]], [PNG]))
    if backend is not None:
        flow = flow.parallel(2, backend=backend)
    with flow, pytest.raises(ImageDecodeError, match=r"cut off.*position 2") as caught:
        list(flow)
    assert caught.value.position == 2
    assert any("DecodeImage" in note for note in caught.value.__notes__)


def test_a_missing_component_is_named() -> None:
    with pytest.raises(ComponentError, match="DecodeImage asks for component 3"):
        list(DecodeImage(flow_of([PNG]), 3))


def test_an_image_that_is_decoded_already_is_told_so() -> None:
    with pytest.raises(TypeError, match="decoded already"):
        list(DecodeImage(flow_of([PICTURE])))


@pytest.mark.parametrize("channel", [0, 2, 4, None])
def test_channels_other_than_1_and_3_are_refused_at_once(channel: Any) -> None:
    with pytest.raises(ValueError, match="DecodeImage: channel must be 1"):
        DecodeImage(flow_of([PNG]), channel=channel)


def test_resumes_at_every_position() -> None:
    def pipeline() -> DataFlow:
        return DecodeImage(DataFromList([[PNG, i] for i in range(5)], shuffle=True))

    flow = pipeline()
    flow.reset_state(seed=1)
    labels = [label for _, label in flow]
    flow.reset_state(seed=1)
    for taken, _ in enumerate(iter(flow), 1):
        resumed = pipeline()
        resumed.load_state_dict(json.loads(json.dumps(flow.state_dict())))
        assert [label for _, label in resumed] == (labels[taken:] if taken < 5 else [])


def test_has_a_short_form() -> None:
    [[image]] = flow_of([PNG]).decode_image(channel=1)
    assert image.ndim == 2
