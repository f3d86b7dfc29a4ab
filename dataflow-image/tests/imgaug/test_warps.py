"""Augmentors that shift, turn, shear, deform and paste draw what they promise."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_image.imgaug import (
    Affine,
    AugmentorList,
    BackgroundFiller,
    CenterPaste,
    ConstantBackgroundFiller,
    Flip,
    GaussianDeform,
    RandomCropRandomShape,
    RandomPaste,
    RandomResize,
    Rotation,
    RotationAndCropValid,
    Shift,
    TransformList,
    WarpAffineTransform,
)
from dataflow_image.imgaug.rotation import largest_upright_window
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import GaussianDeformTransform


def blank(h: int, w: int) -> npt.NDArray[Any]:
    return np.zeros((h, w, 3), np.uint8)


def matrices(augmentor: Any, h: int, w: int, count: int = 500) -> npt.NDArray[Any]:
    augmentor.reset_state(0)
    return np.array([augmentor.get_transform(blank(h, w)).mat for _ in range(count)])


def test_shift_moves_by_whole_pixels_up_to_its_fractions() -> None:
    drawn = matrices(Shift(horiz_frac=0.2, vert_frac=0.05), 100, 200)
    assert (drawn[:, :, :2] == np.eye(2)).all()
    dx, dy = drawn[:, 0, 2], drawn[:, 1, 2]
    assert set(dx) == set(np.arange(-40.0, 41.0))
    assert set(dy) == set(np.arange(-5.0, 6.0))
    assert abs(dx.mean()) < 3


def test_shift_fills_as_its_border_says(photo: npt.NDArray[Any]) -> None:
    augmentor = Shift(horiz_frac=0.5, border=cv2.BORDER_CONSTANT, border_value=(1, 2, 3))
    augmentor.reset_state(1)
    image, tfm = augmentor.augment_with_transform(photo)
    assert isinstance(tfm, WarpAffineTransform)
    dx = int(np.array(tfm.mat)[0, 2])
    expected = np.full_like(photo, (1, 2, 3))
    if dx >= 0:
        expected[:, dx:] = photo[:, : 80 - dx]
    else:
        expected[:, :dx] = photo[:, -dx:]
    np.testing.assert_array_equal(image, expected)


def test_rotation_turns_about_a_point_of_its_range() -> None:
    drawn = matrices(Rotation(30, center_range=(0.25, 0.75)), 100, 200)
    degrees = np.degrees(np.arctan2(drawn[:, 0, 1], drawn[:, 0, 0]))
    assert -30 <= degrees.min() < -28
    assert 28 < degrees.max() < 30
    centres = np.array([np.linalg.solve(np.eye(2) - m[:, :2], m[:, 2]) for m in drawn])
    assert (centres >= (49.5 - 1e-6, 24.5 - 1e-6)).all()
    assert (centres <= (149.5 + 1e-6, 74.5 + 1e-6)).all()
    assert np.abs(centres.mean(axis=0) - (99.5, 49.5)).max() < 4


def test_rotation_in_steps_takes_all_multiples_alike() -> None:
    drawn = matrices(Rotation(45, center_range=(0.5, 0.5), step_deg=20), 50, 50)
    degrees = np.degrees(np.arctan2(drawn[:, 0, 1], drawn[:, 0, 0])).round(6)
    values, counts = np.unique(degrees, return_counts=True)
    assert values.tolist() == [-40, -20, 0, 20, 40]
    assert 70 < counts.min() <= counts.max() < 130


def test_a_quarter_turn_is_numpys(photo: npt.NDArray[Any]) -> None:
    square = photo[:60, :60]
    augmentor = Rotation(90, center_range=(0.5, 0.5), step_deg=90)
    seen = set()
    for seed in range(20):
        augmentor.reset_state(seed)
        image, tfm = augmentor.augment_with_transform(square)
        assert isinstance(tfm, WarpAffineTransform)
        turns = round(math.degrees(math.atan2(np.array(tfm.mat)[0, 1], np.array(tfm.mat)[0, 0])))
        np.testing.assert_array_equal(image, np.rot90(square, turns // 90))
        seen.add(turns)
    assert seen == {-90, 0, 90}


@given(h=st.integers(2, 300), w=st.integers(2, 300), degrees=st.floats(-180, 180))
def test_the_largest_upright_window_lies_within_the_rotated_image(
    h: int, w: int, degrees: float
) -> None:
    new_h, new_w = largest_upright_window(h, w, degrees)
    assert new_h > 0
    assert new_w > 0
    sin, cos = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    assert new_w * cos + new_h * sin <= w + 1e-6
    assert new_w * sin + new_h * cos <= h + 1e-6


@pytest.mark.parametrize("size", [(40, 60), (60, 40), (10, 100), (50, 50)], ids=str)
@pytest.mark.parametrize("degrees", [3, 20, 44, 45, 70, 88, 90, 135])
def test_no_upright_window_is_larger(size: tuple[int, int], degrees: float) -> None:
    h, w = size
    new_h, new_w = largest_upright_window(h, w, degrees)
    sin, cos = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))
    widths = np.linspace(0.01, math.hypot(h, w), 20_000)
    heights = np.minimum((w - widths * cos) / sin, (h - widths * sin) / max(cos, 1e-12))
    assert new_h * new_w >= (widths * heights).max() - 1e-3


def test_what_rotation_and_crop_valid_keeps_has_no_border() -> None:
    white = np.full((60, 80), 255, np.uint8)
    augmentor = RotationAndCropValid(60)
    for seed in range(50):
        augmentor.reset_state(seed)
        warp, crop = augmentor.get_transform(white).tfms
        assert isinstance(warp, WarpAffineTransform)
        black_outside = WarpAffineTransform(warp.mat, warp.dsize, warp.interp)
        kept = crop.apply_image(black_outside.apply_image(white))
        assert kept[1:-1, 1:-1].min(initial=255) >= 250


def test_affine_is_shear_then_turn_and_scale_about_the_centre_then_shift() -> None:
    affine = Affine((0.5, 2.0), (0.1, 0.2), rotate_max_deg=30, shear=20)
    drawn = matrices(affine, 100, 200)
    centre = np.array([99.5, 49.5])
    shifts = drawn[:, :, :2] @ centre + drawn[:, :, 2] - centre
    np.testing.assert_allclose(shifts, shifts.round(), atol=1e-9)
    assert np.abs(shifts[:, 0]).max() == pytest.approx(20, abs=1)
    assert np.abs(shifts[:, 1]).max() == pytest.approx(20, abs=1)
    # The first column is that of the turn alone, for shear leaves (1, 0) where it is.
    scales = np.hypot(drawn[:, 0, 0], drawn[:, 1, 0])
    degrees = np.degrees(np.arctan2(-drawn[:, 1, 0], drawn[:, 0, 0]))
    assert 0.5 <= scales.min() < 0.53
    assert 1.97 < scales.max() <= 2.0
    assert abs(scales.mean() - 1.25) < 0.06
    assert 28 < np.abs(degrees).max() <= 30
    leans = []
    for matrix, scale, degree in zip(drawn, scales, degrees, strict=True):
        turn = cv2.getRotationMatrix2D((0, 0), degree, scale)[:, :2]
        sheared = np.linalg.solve(turn, matrix[:, :2])
        np.testing.assert_allclose(sheared[:, 0], (1, 0), atol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(sheared[:, 1]), 1, atol=1e-9)
        leans.append(math.degrees(math.asin(sheared[0, 1])))
    assert 18 < np.abs(leans).max() <= 20
    assert abs(np.mean(leans)) < 2


def test_affine_without_arguments_changes_nothing(photo: npt.NDArray[Any]) -> None:
    np.testing.assert_array_equal(Affine().augment(photo), photo)


def test_random_resize_by_factors_keeps_the_ratio_or_comes_near_it() -> None:
    kept = RandomResize((0.5, 2.0), aspect_ratio_thres=0)
    near = RandomResize((0.5, 2.0), (0.5, 2.0), aspect_ratio_thres=0.1)
    kept.reset_state(0)
    near.reset_state(0)
    factors = []
    for _ in range(300):
        tfm = kept.get_transform(blank(100, 200))
        assert abs(tfm.new_w - 2 * tfm.new_h) <= 1.5
        factors.append(tfm.new_w / 200)
        tfm = near.get_transform(blank(100, 200))
        assert abs(tfm.new_w / tfm.new_h / 2 - 1) <= 0.1 + 1e-9
    assert abs(np.mean(factors) - 1.25) < 0.06
    assert np.ptp(factors) > 1.4


def test_random_resize_by_pixels_keeps_to_ranges_and_minimum() -> None:
    augmentor = RandomResize((10, 50), (20, 30), minimum=(25, 0), aspect_ratio_thres=9)
    augmentor.reset_state(0)
    sizes = [augmentor.get_transform(blank(40, 40)) for _ in range(200)]
    assert min(tfm.new_w for tfm in sizes) == 25
    assert max(tfm.new_w for tfm in sizes) == 49
    assert {tfm.new_h for tfm in sizes} == set(range(20, 30))


def test_random_resize_takes_all_pixels_of_its_range_alike() -> None:
    augmentor = RandomResize((40, 42))
    augmentor.reset_state(0)
    widths = [augmentor.get_transform(blank(50, 80)).new_w for _ in range(2000)]
    values, counts = np.unique(widths, return_counts=True)
    assert values.tolist() == [40, 41]
    assert counts.min() > 900
    assert RandomResize((40, 40)).get_transform(blank(50, 80)).new_w == 40


def test_random_resize_gives_up_where_no_size_has_the_ratio() -> None:
    augmentor = RandomResize((10, 10), (90, 90))
    assert augmentor.augment(blank(40, 40)).shape == (40, 40, 3)


def test_random_shapes_cover_their_ranges_and_places() -> None:
    augmentor = RandomCropRandomShape(wmin=2, hmin=3, wmax=4)
    augmentor.reset_state(0)
    crops = [augmentor.get_transform(blank(6, 5)) for _ in range(3000)]
    assert {crop.w for crop in crops} == {2, 3, 4}
    assert {crop.h for crop in crops} == {3, 4, 5, 6}
    assert {(c.y0, c.x0) for c in crops if (c.h, c.w) == (5, 4)} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert all(c.y0 + c.h <= 6 and c.x0 + c.w <= 5 for c in crops)
    with pytest.raises(ValueError, match="at least 3x2"):
        augmentor.get_transform(blank(2, 9))


ANCHORS = [(0.2, 0.3), (0.7, 0.6)]


def test_deform_samples_where_the_formula_says(photo: npt.NDArray[Any]) -> None:
    augmentor = GaussianDeform(ANCHORS, (60, 80), sigma=0.3, randrange=6)
    augmentor.reset_state(3)
    image, tfm = augmentor.augment_with_transform(photo)
    vectors = augmentor.get_transform(photo).vectors
    assert np.abs(vectors).max() <= 6
    y, x = np.mgrid[0:60, 0:80].astype(np.float64)
    at_y, at_x = y.copy(), x.copy()
    for (anchor_y, anchor_x), (dy, dx) in zip(ANCHORS, tfm.vectors, strict=True):  # type: ignore[attr-defined]
        weight = np.exp(-((y / 60 - anchor_y) ** 2 + (x / 80 - anchor_x) ** 2) / 0.3)
        at_y, at_x = at_y + weight * dy, at_x + weight * dx
    at_y, at_x = np.clip(at_y, 0, 59), np.clip(at_x, 0, 79)
    y0, x0 = np.minimum(at_y.astype(int), 58), np.minimum(at_x.astype(int), 78)
    fy, fx = (at_y - y0)[..., None], (at_x - x0)[..., None]
    source = photo.astype(np.float64)
    expected = (1 - fy) * ((1 - fx) * source[y0, x0] + fx * source[y0, x0 + 1]) + fy * (
        (1 - fx) * source[y0 + 1, x0] + fx * source[y0 + 1, x0 + 1]
    )
    # OpenCV interpolates in steps of 1/32 pixel.
    assert np.abs(image - expected).mean() < 0.6
    assert np.abs(image - expected).max() < 4


def moved(tfm: GaussianDeformTransform, places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what the image shows at (N, 2) pixel indices x y of the result."""
    result = places.copy()
    for (anchor_y, anchor_x), (dy, dx) in zip(tfm.anchors, tfm.vectors, strict=True):
        square = (places[:, 0] / tfm.w - anchor_x) ** 2 + (places[:, 1] / tfm.h - anchor_y) ** 2
        result += np.exp(-square / tfm.sigma)[:, np.newaxis] * (dx, dy)
    return result


def least_determinant(tfm: GaussianDeformTransform) -> float:
    """Return the least determinant of the map's derivative in and around the image."""
    y, x = np.mgrid[-60 : tfm.h + 60, -60 : tfm.w + 60].astype(np.float64)
    at = moved(tfm, np.stack([x.ravel(), y.ravel()], axis=1)).reshape(*x.shape, 2)
    (by_y_x, by_y_y), (by_x_x, by_x_y) = (
        np.moveaxis(np.gradient(at, axis=i), 2, 0) for i in (0, 1)
    )
    return float((by_x_x * by_y_y - by_x_y * by_y_x).min())


APART = GaussianDeformTransform(100, 100, ((0.5, 0.4), (0.5, 0.6)), ((0, -12.0), (0, 12.0)), 0.02)


def test_points_are_found_where_a_deformation_stretches_without_a_fold() -> None:
    assert least_determinant(APART) > 0.3
    places = np.random.default_rng(0).uniform(0, 99, (500, 2))
    found = APART.apply_coords(moved(APART, places) + 0.5) - 0.5
    np.testing.assert_allclose(found, places, atol=1e-5)


def test_points_are_found_wherever_random_vectors_do_not_fold_the_image() -> None:
    anchors = [(0.3, 0.3), (0.3, 0.7), (0.7, 0.3), (0.7, 0.7)]
    augmentor = GaussianDeform(anchors, (140, 210), 0.05, 30)
    augmentor.reset_state(0)
    places = np.random.default_rng(0).uniform(0, 139, (50, 2))
    unfolded = 0
    for _ in range(40):
        tfm = augmentor.get_transform(blank(140, 210))
        if least_determinant(tfm) > 0.02:
            unfolded += 1
            found = tfm.apply_coords(moved(tfm, places) + 0.5) - 0.5
            np.testing.assert_allclose(found, places, atol=1e-4)
    assert unfolded > 10


def test_a_point_that_is_no_number_does_not_keep_others_from_theirs() -> None:
    points = np.array([[np.nan, 3.0], [50.0, 40.0]], np.float32)
    found = APART.apply_coords(points)
    assert found.dtype == np.float32
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1:], APART.apply_coords(points[1:]))


def test_points_that_a_deformation_folds_are_refused() -> None:
    tfm = GaussianDeformTransform(40, 40, ((0.5, 0.5),), ((0.0, 100.0),), 0.001)
    assert least_determinant(tfm) < -10
    with pytest.raises(ValueError, match="lower randrange"):
        tfm.apply_coords(np.array([[22.0, 20.5], [3.0, 3.0]]))


def test_pasting_puts_the_image_where_it_says(photo: npt.NDArray[Any]) -> None:
    image = CenterPaste((71, 100), ConstantBackgroundFiller((1, 2, 3))).augment(photo)
    expected = np.full((71, 100, 3), (1, 2, 3), np.uint8)
    expected[5:65, 10:90] = photo
    np.testing.assert_array_equal(image, expected)
    np.testing.assert_array_equal(CenterPaste((60, 80)).augment(photo), photo)
    grey = CenterPaste(100).augment(photo[..., 0])
    assert grey.shape == (100, 100)
    with pytest.raises(ValueError, match="60x80"):
        CenterPaste((59, 100)).augment(photo)


def test_random_paste_reaches_every_place_alike() -> None:
    augmentor = RandomPaste((5, 4))
    augmentor.reset_state(0)
    places = [(t.y0, t.x0) for t in (augmentor.get_transform(blank(3, 3)) for _ in range(1200))]
    counts = np.unique(places, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert 150 < counts.min() <= counts.max() < 250


def test_a_filler_of_ones_own() -> None:
    class Mean(BackgroundFiller):
        def fill(self, background_shape: tuple[int, int], img: Image) -> Image:
            return np.full((*background_shape, *img.shape[2:]), img.mean(axis=(0, 1)), img.dtype)

    image = CenterPaste(5, Mean()).augment(np.full((1, 1, 3), 70, np.uint8))
    assert (image == 70).all()


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (Shift, {"horiz_frac": 1.5}, ValueError, "horiz_frac"),
        (Shift, {"border": 17}, ValueError, "BORDER_CONSTANT"),
        (Shift, {"border_value": "black"}, TypeError, "border_value"),
        (Rotation, {"max_deg": -1}, ValueError, "max_deg"),
        (Rotation, {"max_deg": 9, "step_deg": 0}, ValueError, "step_deg"),
        (Rotation, {"max_deg": 9, "center_range": 0.5}, TypeError, "center_range"),
        (RotationAndCropValid, {"max_deg": "9"}, TypeError, "max_deg"),
        (Affine, {"scale": (0, 1)}, ValueError, "above zero"),
        (Affine, {"shear": 90}, ValueError, "below 90"),
        (Affine, {"translate_frac": (0.1, 2)}, ValueError, "translate_frac"),
        (Affine, {"translate_frac": 0.1}, TypeError, r"translate_frac .* pair \(horizontal, vert"),
        (Affine, {"translate_frac": (0.1,)}, TypeError, "Affine: translate_frac must be a pair"),
        (RandomResize, {"xrange": (0.5, 2.0), "yrange": (1, 3)}, TypeError, "both"),
        (RandomResize, {"xrange": (2.0, 0.5)}, ValueError, "low above high"),
        (
            RandomResize,
            {"xrange": (1, 2), "yrange": (1, 2), "aspect_ratio_thres": 0},
            ValueError,
            "leave yrange out",
        ),
        (RandomCropRandomShape, {"wmin": 5, "hmin": 1, "wmax": 4}, ValueError, "wmin=5 is above"),
        (GaussianDeform, {"anchors": [], "shape": 5}, ValueError, "empty"),
        (GaussianDeform, {"anchors": [0.5], "shape": 5}, TypeError, r"anchors .* pair \(y, x\)"),
        (GaussianDeform, {"anchors": 0.5, "shape": 5}, TypeError, r"anchors .* pairs \(y, x\)"),
        (GaussianDeform, {"anchors": ANCHORS, "shape": 5, "sigma": 0}, ValueError, "sigma"),
        (
            ConstantBackgroundFiller,
            {"value": "red"},
            TypeError,
            "value must be a number or one per",
        ),
        (ConstantBackgroundFiller, {"value": (1, "2")}, TypeError, "value must be a number"),
        (CenterPaste, {"background_shape": 0}, ValueError, "background_shape"),
        (RandomPaste, {"background_shape": 9, "background_filler": 3}, TypeError, "BackgroundFil"),
    ],
)
def test_parameters_are_checked_at_construction(
    kind: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kind(**arguments)


@pytest.mark.parametrize("interp", [cv2.INTER_LINEAR, cv2.INTER_AREA])
def test_float64_is_sampled_where_float32_is(interp: int) -> None:
    ramp = np.tile(np.arange(60.0) * 4, (40, 1))
    shift = WarpAffineTransform([[1, 0, -0.37], [0, 1, 0]], (60, 40), interp)
    warped = shift.apply_image(ramp)
    assert warped.dtype == np.float64
    np.testing.assert_array_equal(warped, shift.apply_image(ramp.astype(np.float32)))


def test_fused_warps_of_float64_differ_no_more_than_those_of_float32(
    random: np.random.Generator,
) -> None:
    img = random.integers(0, 256, (120, 160, 3)).astype(np.float64)
    augmentors = AugmentorList([RotationAndCropValid(30), Flip(horiz=True, prob=1.0)])
    augmentors.reset_state(0)
    for _ in range(5):
        tfm = augmentors.get_transform(img)
        single = img.astype(np.float32)
        apart = TransformList(tfm.tfms, fused=False)
        differences = np.abs(tfm.apply_image(img) - apart.apply_image(img)).max()
        of_single = np.abs(tfm.apply_image(single) - apart.apply_image(single)).max()
        assert differences <= of_single + 1e-3
