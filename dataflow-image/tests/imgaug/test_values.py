"""Noise, blur, tables, histograms and statistics are what their formulas say."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_image import imgaug
from dataflow_image.imgaug import (
    BackgroundFiller,
    BrightnessScale,
    CenterPaste,
    ConstantBackgroundFiller,
    Gamma,
    GaussianBlur,
    GaussianNoise,
    JpegNoise,
    MeanVarianceNormalize,
    MinMaxNormalize,
    RandAugment,
    RandomCutout,
    Resize,
    Rotation,
    SaltPepperNoise,
    TransformList,
    WarpAffineTransform,
)
from dataflow_image.imgaug.transforms import (
    AutoContrastTransform,
    CutoutTransform,
    EqualizeTransform,
    GaussianBlurTransform,
    PointTransform,
    SharpnessTransform,
    Transform,
)
from dataflow_image.imgaug.transforms.point_steps import GammaStep, PosterizeStep, SolarizeStep

GREY = np.full((200, 300), 100, np.uint8)


@pytest.mark.parametrize("together", [True, False])
def test_mean_and_variance_become_0_and_1(together: bool, photo: npt.NDArray[Any]) -> None:
    image = MeanVarianceNormalize(together).augment(photo)
    axis = None if together else (0, 1)
    values = photo.astype(np.float64)
    expected = (values - values.mean(axis=axis)) / values.std(axis=axis)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, expected, atol=1e-4)


def test_uniform_images_stay_finite() -> None:
    assert (MeanVarianceNormalize().augment(GREY) == 0).all()
    assert (MinMaxNormalize(3, 9).augment(GREY) == 3).all()


@pytest.mark.parametrize("together", [True, False])
def test_values_fill_the_range_asked_for(together: bool, photo: npt.NDArray[Any]) -> None:
    image = MinMaxNormalize(-1, 2, together).augment(photo)
    axis = None if together else (0, 1)
    values = photo.astype(np.float64)
    low, high = values.min(axis=axis), values.max(axis=axis)
    np.testing.assert_allclose(image, 3 * (values - low) / (high - low) - 1, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 3), (5, 1), (1, 7)])
def test_blur_is_a_convolution_with_a_gaussian(
    size: tuple[int, int], photo: npt.NDArray[Any]
) -> None:
    values = photo[..., 0].astype(np.float64)
    expected = values
    for axis, (length, sigma) in enumerate(zip(size[::-1], (0.7, 1.1), strict=True)):
        radius = length // 2
        kernel = np.exp(-(np.arange(-radius, radius + 1.0) ** 2) / (2 * sigma**2))
        kernel /= kernel.sum()
        padded = np.pad(
            expected, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)], "edge"
        )
        expected = np.apply_along_axis(np.convolve, axis, padded, kernel, "valid")
    blurred = GaussianBlurTransform(size, (1.1, 0.7)).apply_image(values)
    np.testing.assert_allclose(blurred, expected, atol=1e-6)


def test_blur_draws_radius_and_sigma_from_their_ranges() -> None:
    augmentor = GaussianBlur((1, 4), (0.5, 2.0), symmetric=False)
    augmentor.reset_state(0)
    tfms = [augmentor.get_transform(GREY) for _ in range(900)]
    assert {tfm.size[0] for tfm in tfms} == {3, 5, 7}
    assert any(tfm.size[0] != tfm.size[1] for tfm in tfms)
    counts = np.unique([tfm.size[1] for tfm in tfms], return_counts=True)[1]
    assert 240 < counts.min() <= counts.max() < 360
    sigmas = np.array([tfm.sigma for tfm in tfms])
    assert np.abs(sigmas.mean(axis=0) - 1.25).max() < 0.06
    assert 0.5 <= sigmas.min() < sigmas.max() < 2.0
    assert GaussianBlur(max_size=5).size_range == (0, 5)
    tfm = GaussianBlur((0, 9), (0, 3)).get_transform(GREY)
    assert tfm.size[0] == tfm.size[1]
    assert tfm.sigma[0] == tfm.sigma[1]


@pytest.mark.parametrize("gamma", [-0.5, 0.0, 0.4])
def test_gamma(gamma: float, photo: npt.NDArray[Any]) -> None:
    exact = 255 * (photo / 255) ** (1 / (1 + gamma))
    tfm = PointTransform((GammaStep(gamma),))
    np.testing.assert_array_equal(tfm.apply_image(photo), np.rint(exact))
    np.testing.assert_allclose(tfm.apply_image(photo.astype(np.float32)), exact, rtol=1e-5)
    drawn = [
        step.gamma for _ in range(400) for step in Gamma((-0.2, 0.6)).get_transform(GREY).steps
    ]  # type: ignore[attr-defined]
    assert abs(np.mean(drawn) - 0.2) < 0.05
    assert -0.2 <= min(drawn) < max(drawn) < 0.6


def test_posterize_and_solarize(photo: npt.NDArray[Any]) -> None:
    posterized = PointTransform((PosterizeStep(3),)).apply_image(photo)
    np.testing.assert_array_equal(posterized, photo & 0b1110_0000)
    solarized = PointTransform((SolarizeStep(100),)).apply_image(photo)
    np.testing.assert_array_equal(solarized, np.where(photo >= 100, 255 - photo, photo))


def test_gaussian_noise_has_the_deviation_asked_for() -> None:
    tfm = GaussianNoise(5).get_transform(GREY)
    noise = tfm.apply_image(GREY).astype(float) - 100
    assert abs(noise.mean()) < 0.1
    assert abs(noise.std() - 5) < 0.1
    np.testing.assert_array_equal(tfm.apply_image(GREY), tfm.apply_image(GREY))
    assert not np.array_equal(GaussianNoise(5).augment(GREY), tfm.apply_image(GREY))
    zeros = np.zeros((50, 50), np.float32)
    assert GaussianNoise(5).augment(zeros).min() == 0
    assert GaussianNoise(5, clip=False).augment(zeros).min() < -5


def test_salt_and_pepper_come_as_often_as_asked() -> None:
    image = SaltPepperNoise(0.2, 0.05).augment(np.dstack([GREY] * 3))
    assert set(np.unique(image)) == {0, 100, 255}
    assert abs((image == 255).mean() - 0.2) < 0.01
    assert abs((image == 0).mean() - 0.05) < 0.005
    assert (np.ptp(image, axis=2) == 0).all()
    assert (SaltPepperNoise(0, 0).augment(GREY) == 100).all()
    assert (SaltPepperNoise(1, 0).augment(GREY) == 255).all()


@pytest.mark.parametrize("grey", [True, False])
def test_jpeg_noise_is_that_of_the_codec(grey: bool, photo: npt.NDArray[Any]) -> None:
    image = photo[..., 0] if grey else photo
    tfm = JpegNoise((30, 31)).get_transform(image)
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 30))
    expected = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(tfm.apply_image(image), expected)
    assert tfm.apply_image(image.astype(np.float32)).dtype == np.float32
    assert {JpegNoise((40, 43)).get_transform(image).quality for _ in range(100)} == {40, 41, 42}


def test_cutout_fills_a_rectangle_within_the_image() -> None:
    augmentor = RandomCutout((2, 5), 3, fill=7)
    augmentor.reset_state(0)
    heights, places = set(), set()
    for _ in range(500):
        image, tfm = augmentor.augment_with_transform(np.zeros((6, 5), np.uint8))
        assert isinstance(tfm, CutoutTransform)
        assert (image == 7).sum() == tfm.h * 3
        heights.add(tfm.h)
        places.add((tfm.y0, tfm.x0))
    assert heights == {2, 3, 4}
    assert places == {(y, x) for y in range(5) for x in range(3)}
    with pytest.raises(ValueError, match="drew a rectangle"):
        RandomCutout(9, 9).augment(np.zeros((5, 5), np.uint8))


@pytest.mark.parametrize("fill", [(103.53, 116.5, 117.5), (-1.0, 256.0, 1e9), 0.51], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_all_fills_are_rounded_and_clipped_alike(fill: Any, dtype: str) -> None:
    image = np.zeros((4, 4, 3), dtype)
    shift = WarpAffineTransform([[1, 0, 2], [0, 1, 0]], (4, 4), borderValue=fill)
    turn = WarpAffineTransform([[1, 0.01, 4], [0, 1, 0]], (4, 4), borderValue=fill)
    expected = shift.apply_image(image)[0, 0]
    for filled in (
        turn.apply_image(image),
        RandomCutout(4, 4, fill).augment(image),
        CenterPaste(6, ConstantBackgroundFiller(fill)).augment(image),
    ):
        assert filled.dtype == dtype
        np.testing.assert_array_equal(filled[0, 0], expected)


def test_fillers_compare_by_value_and_can_be_written_down() -> None:
    filler = ConstantBackgroundFiller(np.array([1, 2, 3]))  # type: ignore[arg-type]
    assert filler == ConstantBackgroundFiller((1, 2, 3))
    assert BackgroundFiller.from_dict(json.loads(json.dumps(filler.to_dict()))) == filler
    with pytest.raises(TypeError, match="number or one per channel, got 'red'"):
        ConstantBackgroundFiller("red")  # type: ignore[arg-type]


def test_histograms_are_stretched_and_equalised_as_pillow_does(photo: npt.NDArray[Any]) -> None:
    ops = pytest.importorskip("PIL.ImageOps")
    pil_image = pytest.importorskip("PIL.Image")
    dim = photo // 2 + 20
    ours = AutoContrastTransform().apply_image(dim).astype(int)
    theirs = np.asarray(ops.autocontrast(pil_image.fromarray(dim))).astype(int)
    assert np.abs(ours - theirs).max() <= 1
    equal = np.asarray(ops.equalize(pil_image.fromarray(dim)))
    np.testing.assert_array_equal(EqualizeTransform().apply_image(dim), equal)
    np.testing.assert_array_equal(
        EqualizeTransform().apply_image(dim[..., :1])[..., 0],
        np.asarray(ops.equalize(pil_image.fromarray(dim[..., 0]))),
    )


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.9])
def test_sharpness_is_pillows(factor: float, photo: npt.NDArray[Any]) -> None:
    enhance = pytest.importorskip("PIL.ImageEnhance")
    pil_image = pytest.importorskip("PIL.Image")
    theirs = np.asarray(enhance.Sharpness(pil_image.fromarray(photo)).enhance(factor)).astype(int)
    ours = SharpnessTransform(factor).apply_image(photo).astype(int)
    # Pillow rounds the softened image before it blends.
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_floats_of_every_size_are_sharpened(dtype: Any, photo: npt.NDArray[Any]) -> None:
    sharpened = SharpnessTransform(1.5).apply_image(photo.astype(dtype))
    assert sharpened.dtype == dtype
    expected = SharpnessTransform(1.5).apply_image(photo.astype(np.float32))
    np.testing.assert_allclose(sharpened, expected, atol=0.1)


def test_rand_augment_takes_all_operations_alike(photo: npt.NDArray[Any]) -> None:
    augmentor = RandAugment(num_ops=3, magnitude=30)
    augmentor.reset_state(0)
    kinds: dict[str, int] = {}
    for _ in range(400):
        tfm = augmentor.get_transform(photo)
        assert isinstance(tfm, TransformList)
        assert len(tfm.tfms) == 3
        for one in tfm.tfms:
            kinds[type(one).__name__] = kinds.get(type(one).__name__, 0) + 1
        assert tfm.apply_image(photo).shape == photo.shape
    expected = {
        "WarpAffineTransform": 5, "ColorTransform": 3, "PointTransform": 2, "NoOpTransform": 1,
        "SharpnessTransform": 1, "AutoContrastTransform": 1, "EqualizeTransform": 1,
    }  # fmt: skip
    assert set(kinds) == set(expected)
    for kind, count in expected.items():
        assert abs(kinds[kind] / 1200 - count / 14) < 0.04


def test_rand_augment_of_magnitude_0_does_nothing_but_histograms(photo: npt.NDArray[Any]) -> None:
    augmentor = RandAugment(num_ops=1, magnitude=0)
    augmentor.reset_state(0)
    changed: set[type[Transform]] = set()
    for _ in range(300):
        image, tfm = augmentor.augment_with_transform(photo)
        assert isinstance(tfm, TransformList)
        if np.abs(image.astype(int) - photo).max() > 0:
            changed.add(type(tfm.tfms[0]))
    # Solarising from 255 on turns pure white, which the photograph may have, black.
    assert changed <= {AutoContrastTransform, EqualizeTransform, PointTransform}


def test_rand_augment_shears_shifts_and_turns_as_far_as_torchvision() -> None:
    augmentor = RandAugment(num_ops=1, magnitude=15)
    augmentor.reset_state(1)
    image = np.zeros((100, 200, 3), np.uint8)
    moved = set()
    for _ in range(600):
        tfm = augmentor.get_transform(image).tfms[0]
        corner = tfm.apply_coords(np.array([[0.0, 100.0], [200.0, 0.0]])).round(3)
        moved.add(tuple(map(tuple, corner.tolist())))
    for expected in (
        ((15.0, 100.0), (200.0, 0.0)),  # sheared along x, by 0.15 of the height
        ((-15.0, 100.0), (200.0, 0.0)),
        ((0.0, 100.0), (200.0, 30.0)),  # along y, by 0.15 of the width
        ((45.0, 100.0), (245.0, 0.0)),  # shifted by 75 / 331 of the width
        ((0.0, 78.0), (200.0, -22.0)),
    ):
        assert expected in moved


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (GaussianBlur, {"size_range": (3, 3)}, ValueError, "low < high"),
        (GaussianBlur, {"sigma_range": (-1, 1)}, ValueError, "sigma_range"),
        (Gamma, {"range": (-1, 0)}, ValueError, "above -1"),
        (GaussianNoise, {"sigma": -1}, ValueError, "sigma"),
        (SaltPepperNoise, {"white_prob": 0.7, "black_prob": 0.5}, ValueError, "more than 1"),
        (JpegNoise, {"quality_range": (0, 50)}, ValueError, "quality_range"),
        (JpegNoise, {"quality_range": (50, 102)}, ValueError, "quality_range"),
        (RandomCutout, {"h_range": 0, "w_range": 3}, ValueError, "h_range"),
        (RandomCutout, {"h_range": 2.5, "w_range": 3}, TypeError, "h_range"),
        (MinMaxNormalize, {"min": 9, "max": 3}, ValueError, "low above high"),
        (RandAugment, {"magnitude": 31}, ValueError, "magnitude"),
        (RandAugment, {"num_ops": 0}, ValueError, "num_ops"),
        (RandAugment, {"interp": cv2.INTER_LINEAR_EXACT}, ValueError, "for resizing only"),
        (Rotation, {"max_deg": 9, "interp": cv2.INTER_NEAREST_EXACT}, ValueError, "this warps"),
    ],
)
def test_parameters_are_checked_at_construction(
    kind: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kind(**arguments)


def test_arguments_may_be_arrays() -> None:
    assert Resize(np.array([3, 4])).shape == (3, 4)
    assert BrightnessScale(np.array([0.5, 2.0])).range == (0.5, 2.0)
    assert Rotation(3, border_value=np.array([1, 2, 3])).border_value == (1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="pair"):
        Resize(np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", ["u2", "f4", "f8", "f2"])
@pytest.mark.parametrize(
    "augmentor",
    [
        imgaug.Resize((2, 2)),
        imgaug.Shift(0.9),
        imgaug.Rotation(40),
        imgaug.GaussianBlur((1, 2)),
        imgaug.Flip(horiz=True, prob=1.0),
        imgaug.Transpose(1.0),
        imgaug.Grayscale(),
        imgaug.Normalize(1, 2),
        imgaug.MeanVarianceNormalize(),
        imgaug.Clip(0, 50),
        imgaug.ToUint8(),
        imgaug.ToFloat32(),
    ],
    ids=repr,
)
def test_an_image_of_another_byte_order_has_the_same_values(
    augmentor: imgaug.ImageAugmentor, dtype: str, random: np.random.Generator
) -> None:
    img = random.integers(0, 100, (6, 8, 3)).astype(dtype)
    swapped = img.astype(img.dtype.newbyteorder("S"))
    augmentor.reset_state(0)
    tfm = augmentor.get_transform(img)
    np.testing.assert_array_equal(tfm.apply_image(swapped), tfm.apply_image(img))


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.uint32, np.bool_])
def test_values_that_opencv_would_cut_off_are_refused(dtype: type) -> None:
    img = np.ones((2, 2), dtype)
    for tfm in (
        imgaug.ResizeTransform(2, 2, 4, 4, cv2.INTER_NEAREST),
        WarpAffineTransform([[1, 0, 1], [0, 1, 0]], (2, 2)),
        WarpAffineTransform([[1, 0, 0.5], [0, 1, 0]], (2, 2)),
    ):
        with pytest.raises(TypeError, match="OpenCV cannot compute with an image of"):
            tfm.apply_image(img)
