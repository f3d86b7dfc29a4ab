"""Transforms are plain data: written down as JSON, read again, compared, and undone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_image.imgaug import (
    Affine,
    AugmentorList,
    BackgroundFiller,
    Brightness,
    CenterCrop,
    CenterPaste,
    ChannelsFirst,
    Clip,
    ColorJitter,
    ColorSpace,
    ConstantBackgroundFiller,
    CropTransform,
    Flip,
    FlipTransform,
    Gamma,
    GaussianBlur,
    GaussianDeform,
    GaussianNoise,
    GoogleNetRandomCropAndResize,
    Grayscale,
    Hue,
    Identity,
    JpegNoise,
    Lighting,
    MapImage,
    MeanVarianceNormalize,
    MinMaxNormalize,
    Normalize,
    RandAugment,
    RandomCutout,
    RandomPaste,
    RandomResize,
    Resize,
    Rotation,
    RotationAndCropValid,
    SaltPepperNoise,
    Shift,
    ToFloat32,
    Transform,
    TransformList,
    Transpose,
    WarpAffineTransform,
)
from dataflow_image.imgaug.spec import Image

ALL = [
    Affine((0.5, 2.0), (0.1, 0.1), 30, 10, border=cv2.BORDER_CONSTANT, border_value=(1, 2, 3)),
    AugmentorList([Flip(horiz=True), AugmentorList([Resize(30)], fuse=False)]),
    Brightness(10),
    CenterCrop(20),
    CenterPaste(100, ConstantBackgroundFiller([1, 2, 3])),
    ChannelsFirst(),
    Clip(3, 200),
    ColorJitter(0.4, 0.4, 0.4, 0.1),
    ColorSpace(cv2.COLOR_BGR2RGB),
    Flip(horiz=True, prob=1),
    Gamma(),
    GaussianBlur((1, 3), (0.5, 2)),
    GaussianDeform([(0.2, 0.3), (0.7, 0.6)], (60, 80)),
    GaussianNoise(5),
    GoogleNetRandomCropAndResize(target_shape=30),
    Grayscale(),
    Hue(),
    Identity(),
    JpegNoise(),
    Lighting(0.1, (50, 10, 5), np.eye(3).tolist()),
    MeanVarianceNormalize(),
    MinMaxNormalize(0, 1),
    Normalize((1, 2, 3), (4, 5, 6)),
    RandAugment(5, 20),
    RandomCutout((3, 10), (3, 10), fill=(1, 2, 3)),
    RandomPaste(100),
    RandomResize((0.5, 2.0)),
    Rotation(30),
    RotationAndCropValid(30),
    SaltPepperNoise(),
    Shift(0.1, 0.1),
    ToFloat32(),
    Transpose(prob=1),
]


@pytest.mark.parametrize("augmentor", ALL, ids=lambda augmentor: type(augmentor).__name__)
def test_a_transform_read_from_json_is_equal_and_gives_the_same_pixels(
    augmentor: Any, photo: npt.NDArray[Any]
) -> None:
    for seed in range(5):
        augmentor.reset_state(seed)
        image, tfm = augmentor.augment_with_transform(photo)
        copy = Transform.from_dict(json.loads(json.dumps(tfm.to_dict())))
        assert copy == tfm
        assert hash(copy) == hash(tfm)
        assert repr(copy) == repr(tfm)
        np.testing.assert_array_equal(copy.apply_image(photo), image)


def test_transforms_that_differ_are_not_equal(photo: npt.NDArray[Any]) -> None:
    augmentor = Rotation(30)
    assert augmentor.get_transform(photo) != augmentor.get_transform(photo)
    assert FlipTransform(4, 6) != FlipTransform(4, 6, horiz=False)


def test_another_process_reads_what_this_one_wrote(photo: npt.NDArray[Any]) -> None:
    tfm = AugmentorList([RandAugment(3), Resize(9)]).get_transform(photo)
    program = (
        "import sys, json; from dataflow_image.imgaug import Transform;"
        "print(repr(Transform.from_dict(json.load(sys.stdin))))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(tfm.to_dict()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == repr(tfm)


@dataclass(frozen=True)
class Nudge(Transform):
    """A transform of a user's own."""

    pixels: int

    def apply_image(self, img: Image) -> Image:
        return np.roll(img, self.pixels, axis=1)


@dataclass(frozen=True)
class Stripes(BackgroundFiller):
    period: int

    def fill(self, background_shape: tuple[int, int], img: Image) -> Image:
        result = np.zeros((*background_shape, *img.shape[2:]), img.dtype)
        result[:: self.period] = 255
        return result


def test_what_users_write_takes_part_by_itself(photo: npt.NDArray[Any]) -> None:
    tfm = TransformList([Nudge(3), CenterPaste(90, Stripes(4)).get_transform(photo)])
    data = json.loads(json.dumps(tfm.to_dict()))
    assert data["tfms"][0]["type"] == f"{__name__}:Nudge"
    assert Transform.from_dict(data) == tfm


def test_a_function_cannot_be_written_down() -> None:
    tfm = MapImage(np.invert).get_transform(np.zeros((2, 2)))
    with pytest.raises(TypeError, match=r"its func is .*invert"):
        tfm.to_dict()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"type": "Nothing"}, ValueError, "no transform is named 'Nothing'"),
        ({}, ValueError, "no transform is named None"),
        ({"type": "os:system", "command": "false"}, ValueError, "no transform is named"),
        ({"type": "FlipTransform", "h": 3}, ValueError, "cannot be made of"),
        ({"type": "FlipTransform", "h": 3, "w": 4, "x": 5}, ValueError, "cannot be made of"),
        ({"type": "ConstantBackgroundFiller", "value": 3}, TypeError, "is no Transform"),
        ([1, 2], TypeError, "is no Transform"),
    ],
)
def test_what_is_no_transform_is_refused(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Transform.from_dict(data)


INVERTIBLE = [
    Affine((0.5, 2.0), (0.1, 0.1), 30, 10),
    CenterPaste(100),
    ColorJitter(0.4),
    Flip(horiz=True, prob=1),
    Flip(vert=True, prob=1),
    Identity(),
    Normalize(1, 2),
    RandAugment(4, 20),
    Resize((30, 31)),
    Rotation(30),
    Transpose(prob=1),
    AugmentorList([Resize(50), Flip(horiz=True, prob=1), Transpose(prob=1), Rotation(30)]),
]


@pytest.mark.parametrize("augmentor", INVERTIBLE, ids=lambda augmentor: type(augmentor).__name__)
def test_an_inverse_takes_points_back(augmentor: Any, photo: npt.NDArray[Any]) -> None:
    points = np.array([[0.0, 0.0], [3.5, 8.25], [80.0, 60.0], [-5.0, 70.0]])
    for seed in range(5):
        augmentor.reset_state(seed)
        tfm = augmentor.get_transform(photo)
        there = tfm.apply_coords(points)
        np.testing.assert_allclose(tfm.inverse().apply_coords(there), points, atol=1e-9)


@pytest.mark.parametrize(
    "augmentor",
    [CenterPaste((70, 90)), Flip(horiz=True, prob=1), Flip(vert=True, prob=1), Transpose(1)],
)
def test_an_inverse_that_loses_nothing_takes_pixels_back(
    augmentor: Any, photo: npt.NDArray[Any]
) -> None:
    image, tfm = augmentor.augment_with_transform(photo)
    np.testing.assert_array_equal(tfm.inverse().apply_image(image), photo)


def test_what_has_no_inverse_says_so(photo: npt.NDArray[Any]) -> None:
    crop = CropTransform(1, 2, 3, 4)
    with pytest.raises(NotImplementedError, match=r"PasteTransform\(1, 2, 3, 4, height, width\)"):
        crop.inverse()
    with pytest.raises(NotImplementedError, match="has no inverse"):
        Nudge(3).inverse()
    with pytest.raises(NotImplementedError, match="singular"):
        WarpAffineTransform(np.zeros((2, 3)), (4, 4)).inverse()
