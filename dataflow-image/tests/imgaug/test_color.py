"""Colour operations compute what torchvision's do, in one pass."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_image.imgaug import (
    Brightness,
    BrightnessScale,
    ColorJitter,
    ColorSpace,
    Contrast,
    Hue,
    ImageAugmentor,
    Lighting,
    Saturation,
    TransformList,
)
from dataflow_image.imgaug.transforms import (
    AutoContrastTransform,
    ColorTransform,
    EqualizeTransform,
    GaussianNoiseTransform,
    HueTransform,
    JpegTransform,
    PointTransform,
    SaltPepperTransform,
    SharpnessTransform,
    Transform,
)
from dataflow_image.imgaug.transforms import color_steps as steps
from dataflow_image.imgaug.transforms.point_steps import GammaStep

BGR = np.array([0.114, 0.587, 0.299])


def by_hand(
    image: npt.NDArray[Any], kinds: tuple[str, ...], factors: dict[str, float]
) -> npt.NDArray[Any]:
    """Blend as torchvision does, in float64, without clipping in between."""
    result = image.astype(np.float64)
    for kind in kinds:
        factor = factors[kind]
        grey = result @ BGR
        if kind == "brightness":
            result = factor * result
        elif kind == "contrast":
            result = factor * result + (1 - factor) * grey.mean()
        else:
            result = factor * result + (1 - factor) * grey[..., None]
    return result


MAKE: dict[str, Callable[[float], steps.ColorStep]] = {
    "brightness": steps.brightness,
    "contrast": steps.Contrast,
    "saturation": steps.saturation,
}


@pytest.mark.parametrize("kinds", list(itertools.permutations(MAKE)), ids="-".join)
def test_one_map_equals_the_operations_one_by_one(
    kinds: tuple[str, ...], photo: npt.NDArray[Any]
) -> None:
    factors = {"brightness": 1.3, "contrast": 0.6, "saturation": 1.7}
    tfm = ColorTransform(tuple(MAKE[kind](factors[kind]) for kind in kinds))
    expected = np.clip(by_hand(photo, kinds, factors), 0, 255)
    assert np.abs(tfm.apply_image(photo) - np.rint(expected)).max() <= 1
    for dtype, tolerance in ((np.float32, 1e-3), (np.float64, 1e-6)):
        result = tfm.apply_image(photo.astype(dtype))
        assert result.dtype == dtype
        assert np.abs(result - expected).max() < tolerance


def test_the_jitters_map_is_made_of_what_it_says_it_drew(photo: npt.NDArray[Any]) -> None:
    jitter = ColorJitter(0.4, 0.4, 0.4)
    jitter.reset_state(3)
    orders = set()
    for _ in range(100):
        tfm = jitter.get_transform(photo)
        assert isinstance(tfm, ColorTransform)
        kinds = tuple(
            "contrast" if isinstance(step, steps.Contrast)
            else "brightness" if np.count_nonzero(np.array(step.rows)) == 3  # type: ignore[attr-defined]
            else "saturation"
            for step in tfm.steps
        )  # fmt: skip
        assert sorted(kinds) == ["brightness", "contrast", "saturation"]
        orders.add(kinds)
    assert len(orders) == 6


def test_factors_fill_their_range() -> None:
    jitter = ColorJitter(brightness=0.0, contrast=(0.25, 0.75), saturation=0.0)
    jitter.reset_state(0)
    image = np.zeros((2, 2, 3), np.uint8)
    factors = [jitter.get_transform(image).steps[0].factor for _ in range(500)]  # type: ignore[attr-defined]
    assert 0.25 <= min(factors) < 0.26
    assert 0.74 < max(factors) < 0.75
    assert abs(np.mean(factors) - 0.5) < 0.03


def test_factors_do_not_depend_on_the_order() -> None:
    jitter = ColorJitter(brightness=0, contrast=(0.0, 1.0), saturation=(0.0, 1.0))
    jitter.reset_state(0)
    image = np.zeros((2, 2, 3), np.uint8)
    tfms = [jitter.get_transform(image) for _ in range(1000)]
    firsts = [tfm.steps[0] for tfm in tfms if isinstance(tfm, ColorTransform)]
    factors = [step.factor for step in firsts if isinstance(step, steps.Contrast)]
    assert abs(np.mean(factors) - 0.5) < 0.05


def test_a_jitter_of_nothing_changes_nothing(photo: npt.NDArray[Any]) -> None:
    assert ColorJitter(0, 0, 0).augment(photo) is photo


def test_hue_parts_the_colour_maps(photo: npt.NDArray[Any]) -> None:
    jitter = ColorJitter(0.4, 0.4, 0.4, hue=0.1)
    jitter.reset_state(1)
    for _ in range(50):
        tfm = jitter.get_transform(photo)
        assert isinstance(tfm, TransformList)
        kinds = [type(part) for part in tfm.tfms]
        assert kinds.count(HueTransform) == 1
        assert sum(len(part.steps) for part in tfm.tfms if isinstance(part, ColorTransform)) == 3
        assert tfm.apply_image(photo).shape == photo.shape


def test_contrast_takes_the_mean_of_the_image_it_is_applied_to(photo: npt.NDArray[Any]) -> None:
    flat = ColorTransform((steps.Contrast(0.0),))
    grey_mean = float((photo @ BGR).mean())
    assert np.abs(flat.apply_image(photo) - grey_mean).max() <= 0.51
    half = photo // 2
    assert np.abs(flat.apply_image(half) - float((half @ BGR).mean())).max() <= 0.51


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1)], ids=str)
def test_a_grey_image_is_treated_as_three_equal_channels(shape: tuple[int, ...]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    tfm = ColorTransform((steps.brightness(1.2), steps.Contrast(0.7), steps.saturation(0.3)))
    triple = cv2.merge([grey, grey, grey])
    result = tfm.apply_image(grey)
    assert result.shape == grey.shape
    difference = result.reshape(6, 7).astype(int) - tfm.apply_image(triple)[..., 0]
    assert np.abs(difference).max() <= 1


def test_a_tint_cannot_be_applied_to_a_grey_image() -> None:
    with pytest.raises(ValueError, match="grey image"):
        ColorTransform((steps.shift((1.0, 2.0, 3.0)),)).apply_image(np.zeros((2, 2), np.uint8))


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    "augmentor", [ColorJitter(0.4, 0.4, 0.4), ColorJitter(hue=0.1), Hue(20)], ids=repr
)
def test_other_numbers_of_channels_are_refused(
    augmentor: ImageAugmentor, dtype: Any, channels: int
) -> None:
    with pytest.raises(ValueError, match="one or three channels"):
        augmentor.augment(np.zeros((2, 2, channels), dtype))


@pytest.mark.parametrize(
    "tfm",
    [
        ColorTransform((steps.brightness(1.5),)),
        HueTransform(90.0),
        PointTransform((GammaStep(0.5),)),
        SharpnessTransform(0.5),
        AutoContrastTransform(),
        EqualizeTransform(),
        GaussianNoiseTransform(1.0, 0),
        GaussianNoiseTransform(1.0, 0, clip=False),
        SaltPepperTransform(0.5, 0.0, 0),
        JpegTransform(50),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    ("dtype", "remedy"), [("int32", "put ToUint8 or ToFloat32"), ("uint16", "keep_depth=False")]
)
def test_other_dtypes_are_refused_with_a_remedy(tfm: Transform, dtype: str, remedy: str) -> None:
    with pytest.raises(TypeError, match=f"got {dtype}: .*{remedy}") as caught:
        tfm.apply_image(np.zeros((4, 4, 3), dtype))
    assert str(caught.value).startswith(type(tfm).__name__)


def test_float_images_are_clipped_only_if_asked() -> None:
    image = np.full((1, 1, 3), 200.0, np.float32)
    assert BrightnessScale((2, 2)).augment(image).max() == 255.0
    assert BrightnessScale((2, 2), clip=False).augment(image).max() == 400.0


def test_uint8_is_rounded_not_cut() -> None:
    assert BrightnessScale((0.5, 0.5)).augment(np.full((1, 1, 3), 7, np.uint8)).max() == 4
    assert Brightness(0).augment(np.full((1, 1, 3), 7, np.uint8)).max() == 7


def test_contrast_per_channel_and_of_the_grey_image(photo: npt.NDArray[Any]) -> None:
    image = photo.astype(np.float64)
    per_channel = Contrast((0.5, 0.5)).augment(image)
    np.testing.assert_allclose(per_channel, 0.5 * image + 0.5 * image.mean(axis=(0, 1)))
    for rgb, weights in ((True, BGR[::-1]), (False, BGR)):
        expected = 0.5 * image + 0.5 * (image @ weights).mean()
        np.testing.assert_allclose(Contrast((0.5, 0.5), rgb=rgb).augment(image), expected)


def test_saturation_keeps_the_grey_image(photo: npt.NDArray[Any]) -> None:
    image = photo.astype(np.float64)
    augmentor = Saturation(0.4, rgb=False, clip=False)
    augmentor.reset_state(5)
    result = augmentor.augment(image)
    np.testing.assert_allclose(result @ BGR, image @ BGR)
    assert not np.allclose(result, image)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_hue_turns_red_to_green_to_blue(dtype: type[np.generic]) -> None:
    red = np.array([[[0, 0, 255]]], dtype)
    assert HueTransform(120.0).apply_image(red).tolist() == [[[0, 255, 0]]]
    assert HueTransform(240.0).apply_image(red).tolist() == [[[255, 0, 0]]]
    assert HueTransform(-120.0).apply_image(red).tolist() == [[[255, 0, 0]]]
    assert Hue((60, 60), rgb=True).augment(red[..., ::-1].copy()).tolist() == [[[0, 255, 0]]]


def test_hue_leaves_grey_images_alone() -> None:
    grey = np.full((2, 2, 1), 5, np.uint8)
    assert HueTransform(90.0).apply_image(grey) is grey


def test_lighting_adds_one_colour() -> None:
    lighting = Lighting(0.1, [30.0, 20.0, 10.0], np.eye(3).tolist(), clip=False)
    lighting.reset_state(0)
    image = np.random.default_rng(0).random((4, 5, 3)) * 255
    added = lighting.augment(image) - image
    assert np.abs(added - added[0, 0]).max() < 1e-9
    assert np.abs(added[0, 0]).min() > 0


def test_unclipped_operations_in_a_row_are_one_map(photo: npt.NDArray[Any]) -> None:
    from dataflow_image.imgaug import AugmentorList
    from dataflow_image.imgaug.transforms.fusion import fuse

    augmentors = AugmentorList([Brightness(5, clip=False), Contrast(0.2, clip=False), Lighting(
        0.1, [1, 1, 1], np.eye(3).tolist())])  # fmt: skip
    fused: list[Transform] = fuse(augmentors.get_transform(photo).tfms)
    assert len(fused) == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "error"),
    [
        (ColorJitter, {"brightness": -0.1, "contrast": 0, "saturation": 0}, ValueError),
        (ColorJitter, {"brightness": (0.5, 0.1), "contrast": 0, "saturation": 0}, ValueError),
        (ColorJitter, {"brightness": (-0.5, 0.1), "contrast": 0, "saturation": 0}, ValueError),
        (ColorJitter, {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0.6}, ValueError),
        (ColorJitter, {"brightness": 0, "contrast": float("nan"), "saturation": 0}, ValueError),
        (ColorJitter, {"brightness": "0.4", "contrast": 0, "saturation": 0}, TypeError),
        (Brightness, {"delta": -1}, ValueError),
        (Saturation, {"alpha": 2}, ValueError),
        (Lighting, {"std": 0.1, "eigval": [1, 2], "eigvec": np.eye(3).tolist()}, ValueError),
        (Contrast, {"factor_range": None}, TypeError),
    ],
)
def test_parameters_are_checked_at_construction(
    kind: Any, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kind(**arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (ColorSpace, {"mode": -5}, ValueError, r"ColorSpace: mode must be one of cv2's COLOR_\*"),
        (ColorSpace, {"mode": cv2.COLOR_COLORCVT_MAX}, ValueError, "mode"),
        (ColorSpace, {"mode": "BGR2GRAY"}, TypeError, "mode must be an int"),
        (Contrast, {"factor_range": 0.5, "rgb": "x"}, TypeError, "Contrast: rgb must be True, Fal"),
        (Lighting, {"eigval": [1, 1, np.nan]}, ValueError, "Lighting: eigval must be finite"),
        (Lighting, {"eigval": [1, 1, "x"]}, TypeError, "Lighting: eigval must be numbers"),
        (Lighting, {"eigvec": np.eye(2)}, ValueError, r"eigvec must have shape \(3, 3\), got \(2"),
        (Lighting, {"eigvec": np.full((3, 3), np.inf)}, ValueError, "eigvec must be finite"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told(
    kind: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    lighting = {"std": 0.1, "eigval": [1, 1, 1], "eigvec": np.eye(3)} if kind is Lighting else {}
    with pytest.raises(error, match=message):
        kind(**{**lighting, **arguments})


@pytest.mark.parametrize("units", range(-180, 181, 7))
def test_every_turn_of_the_hue_is_modulo_the_circle(units: int, photo: npt.NDArray[Any]) -> None:
    hsv = cv2.cvtColor(photo, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + units) % 180
    expected = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    np.testing.assert_array_equal(HueTransform(2.0 * units).apply_image(photo), expected)
