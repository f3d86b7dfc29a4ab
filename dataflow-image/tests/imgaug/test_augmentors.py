"""Augmentors draw the transforms they promise."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_image.imgaug import (
    CenterCrop,
    Clip,
    ColorSpace,
    CropTransform,
    Flip,
    FlipTransform,
    GoogleNetRandomCropAndResize,
    Grayscale,
    Identity,
    ImageAugmentor,
    MapImage,
    NoOpTransform,
    Normalize,
    RandomApplyAug,
    RandomChooseAug,
    RandomCrop,
    Resize,
    ResizeShortestEdge,
    ResizeTransform,
    ToFloat32,
    ToUint8,
    TransformList,
    Transpose,
)


def blank(h: int, w: int) -> npt.NDArray[Any]:
    return np.zeros((h, w, 3), np.uint8)


def test_resize_takes_height_then_width() -> None:
    assert Resize((5, 7)).augment(blank(20, 30)).shape == (5, 7, 3)
    assert Resize(6).augment(blank(20, 30)).shape == (6, 6, 3)


def test_resize_is_that_of_opencv(photo: npt.NDArray[Any]) -> None:
    for interp in (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC):
        expected = cv2.resize(photo, (33, 44), interpolation=interp)
        np.testing.assert_array_equal(Resize((44, 33), interp).augment(photo), expected)


@given(h=st.integers(1, 300), w=st.integers(1, 300), size=st.integers(1, 100))
def test_the_shortest_edge_has_the_size_asked_for(h: int, w: int, size: int) -> None:
    tfm = ResizeShortestEdge(size).get_transform(blank(h, w))
    assert min(tfm.new_h, tfm.new_w) == size
    assert abs(tfm.new_h * w - tfm.new_w * h) <= 0.5 * max(h, w)


@given(
    h=st.integers(1, 40), w=st.integers(1, 40), fraction=st.tuples(st.floats(0, 1), st.floats(0, 1))
)
def test_random_crops_lie_within_the_image(h: int, w: int, fraction: tuple[float, float]) -> None:
    shape = (max(1, int(h * fraction[0])), max(1, int(w * fraction[1])))
    assert RandomCrop(shape).augment(blank(h, w)).shape == (*shape, 3)


def test_random_crop_reaches_every_place_alike() -> None:
    crop = RandomCrop((3, 2))
    crop.reset_state(0)
    places = [(t.y0, t.x0) for t in (crop.get_transform(blank(5, 3)) for _ in range(1200))]
    counts = np.unique(places, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert 150 < counts.min() <= counts.max() < 250


@pytest.mark.parametrize("make", [RandomCrop, CenterCrop])
def test_an_image_smaller_than_the_crop_is_refused(make: type[RandomCrop]) -> None:
    with pytest.raises(ValueError, match=r"at least 10x20 \(h x w\), got 5x60: put Resize"):
        make((10, 20)).augment(blank(5, 60))


def test_center_crop_leaves_the_same_on_both_sides() -> None:
    assert CenterCrop((2, 4)).get_transform(blank(6, 9)) == CropTransform(2, 2, 2, 4)


def google_net_crops(count: int, h: int, w: int, **kwargs: Any) -> list[CropTransform]:
    augmentor = GoogleNetRandomCropAndResize(**kwargs)
    augmentor.reset_state(0)
    crops = []
    for _ in range(count):
        tfm = augmentor.get_transform(blank(h, w))
        assert isinstance(tfm, TransformList)
        crop, resize = tfm.tfms
        assert isinstance(crop, CropTransform)
        assert resize == ResizeTransform(crop.h, crop.w, 224, 224)
        crops.append(crop)
    return crops


def test_google_net_windows_have_the_areas_and_ratios_asked_for() -> None:
    crops = google_net_crops(500, 400, 500, crop_area_fraction=(0.2, 0.5))
    areas = np.array([crop.h * crop.w / 200_000 for crop in crops])
    ratios = np.array([crop.w / crop.h for crop in crops])
    assert 0.199 < areas.min() < 0.21
    assert 0.49 < areas.max() < 0.503
    assert 0.74 < ratios.min() < 0.77
    assert 1.31 < ratios.max() < 1.345
    assert abs(areas.mean() - 0.35) < 0.02


def test_google_net_gives_up_after_ten_tries_and_takes_the_centre() -> None:
    # On so long an image no window of nearly the whole area has a ratio below 4 / 3.
    augmentor = GoogleNetRandomCropAndResize((0.9, 1.0), target_shape=(20, 30))
    tfm = augmentor.get_transform(blank(10, 1000))
    assert tfm == TransformList(
        [ResizeTransform(10, 1000, 20, 2000), CropTransform(0, 985, 20, 30)]
    )
    assert tfm.apply_image(blank(10, 1000)).shape == (20, 30, 3)


@given(h=st.integers(1, 120), w=st.integers(1, 120), target=st.integers(1, 64))
def test_google_net_always_reaches_its_target_shape(h: int, w: int, target: int) -> None:
    augmentor = GoogleNetRandomCropAndResize(target_shape=target)
    assert augmentor.augment(blank(h, w)).shape == (target, target, 3)


def test_flip_happens_as_often_as_asked(photo: npt.NDArray[Any]) -> None:
    flip = Flip(horiz=True, prob=0.3)
    flip.reset_state(0)
    kinds = [type(flip.get_transform(photo)) for _ in range(1000)]
    assert set(kinds) == {FlipTransform, NoOpTransform}
    assert 250 < kinds.count(FlipTransform) < 350


def test_flip_directions(photo: npt.NDArray[Any]) -> None:
    np.testing.assert_array_equal(Flip(horiz=True, prob=1).augment(photo), photo[:, ::-1])
    np.testing.assert_array_equal(Flip(vert=True, prob=1).augment(photo), photo[::-1])
    np.testing.assert_array_equal(Transpose(prob=1).augment(photo), photo.transpose(1, 0, 2))
    assert Flip(vert=True, prob=0).augment(photo) is photo


@pytest.mark.parametrize("both", [True, False])
def test_flip_asks_for_exactly_one_direction(both: bool) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Flip(horiz=both, vert=both)


@pytest.mark.parametrize("augmentor", [Resize(9), CenterCrop(9), Flip(True, prob=1), ToFloat32()])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 6)], ids=str)
def test_the_number_of_axes_is_kept(augmentor: ImageAugmentor, shape: tuple[int, ...]) -> None:
    result = augmentor.augment(np.zeros(shape, np.float32))
    assert result.shape[2:] == shape[2:]
    assert result.ndim == len(shape)


def test_dtypes(photo: npt.NDArray[Any]) -> None:
    floats = ToFloat32().augment(photo)
    assert floats.dtype == np.float32
    assert floats.max() == photo.max()
    np.testing.assert_array_equal(ToUint8().augment(floats), photo)
    np.testing.assert_array_equal(ToUint8().augment(floats[:, ::-1]), photo[:, ::-1])
    assert ToUint8().augment(photo) is photo


def test_normalize_per_channel(photo: npt.NDArray[Any]) -> None:
    result = Normalize((1, 2, 3), (4, 5, 6)).augment(photo)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, (photo - np.array([1.0, 2, 3])) / [4, 5, 6], atol=1e-5)
    many = np.random.default_rng(0).random((4, 5, 6)) * 255
    np.testing.assert_allclose(Normalize(1, 2).augment(many), (many - 1) / 2, atol=1e-5)
    with pytest.raises(ValueError, match="1 channels"):
        Normalize((1, 2, 3), 1).augment(photo[..., 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_clip(dtype: type[np.generic]) -> None:
    image = np.array([[0, 3, 200]], dtype)
    result = Clip(2, 1000).augment(image)
    assert result.dtype == dtype
    assert result.tolist() == [[2, 3, 200]]


def test_grey(photo: npt.NDArray[Any]) -> None:
    expected = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    assert Grayscale().augment(photo).shape == (60, 80, 1)
    np.testing.assert_array_equal(Grayscale(keepdims=False).augment(photo), expected)
    np.testing.assert_array_equal(Grayscale(keepshape=True).augment(photo)[..., 1], expected)
    np.testing.assert_array_equal(ColorSpace(cv2.COLOR_BGR2RGB).augment(photo), photo[..., ::-1])


def test_map_image_without_coord_func_refuses_coordinates() -> None:
    tfm = MapImage(np.invert).get_transform(blank(2, 2))
    with pytest.raises(NotImplementedError, match="coord_func="):
        tfm.apply_coords(np.zeros((1, 2)))
    with pytest.raises(NotImplementedError, match="coord_func="):
        tfm.apply_box(np.zeros((1, 4)))
    with pytest.raises(NotImplementedError, match="masks"):
        tfm.apply_mask(np.zeros((2, 2)))


def test_map_image_moves_coordinates_by_its_coord_func() -> None:
    tfm = MapImage(lambda img: img[::2, ::2], lambda points: points / 2).get_transform(blank(4, 4))
    assert tfm.apply_image(blank(4, 4)).shape == (2, 2, 3)
    assert tfm.apply_coords(np.array([[2.0, 4.0]])).tolist() == [[1.0, 2.0]]


def test_random_apply_applies_as_often_as_asked() -> None:
    augmentor = RandomApplyAug(CenterCrop(1), 0.25)
    augmentor.reset_state(0)
    applied = sum(augmentor.augment(blank(2, 2)).shape[0] == 1 for _ in range(1000))
    assert 200 < applied < 300
    assert RandomApplyAug(CenterCrop(1), 0).augment(blank(2, 2)).shape == (2, 2, 3)
    assert RandomApplyAug(CenterCrop(1), 1).augment(blank(2, 2)).shape == (1, 1, 3)


def test_random_choose_keeps_to_its_probabilities() -> None:
    augmentor = RandomChooseAug([(Resize(1), 0.7), (Resize(2), 0.2), (Resize(3), 0.1)])
    augmentor.reset_state(0)
    sizes = [augmentor.augment(blank(5, 5)).shape[0] for _ in range(2000)]
    shares = np.bincount(sizes, minlength=4)[1:] / 2000
    assert np.abs(shares - [0.7, 0.2, 0.1]).max() < 0.04


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "message"),
    [
        (Resize, {"shape": 0}, ValueError, "Resize: shape must be positive"),
        (Resize, {"shape": (3, -1)}, ValueError, "Resize: shape must be positive"),
        (Resize, {"shape": 2.5}, TypeError, "Resize: shape must be an int or a pair"),
        (Resize, {"shape": (1, 2, 3)}, TypeError, "pair"),
        (Resize, {"shape": 5, "interp": 99}, ValueError, "INTER_"),
        (ResizeShortestEdge, {"size": (3, 4)}, TypeError, "size must be an int"),
        (RandomCrop, {"crop_shape": "ab"}, TypeError, "crop_shape"),
        (CenterCrop, {"crop_shape": True}, TypeError, "crop_shape"),
        (Flip, {"horiz": True, "prob": 1.5}, ValueError, "prob"),
        (Transpose, {"prob": -0.1}, ValueError, "prob"),
        (
            GoogleNetRandomCropAndResize,
            {"crop_area_fraction": (0.5, 1.5)},
            ValueError,
            "crop_area_fraction",
        ),
        (GoogleNetRandomCropAndResize, {"crop_area_fraction": (0, 1)}, ValueError, "above 0"),
        (
            GoogleNetRandomCropAndResize,
            {"crop_area_fraction": (0.5, 0.1)},
            ValueError,
            "low above high",
        ),
        (GoogleNetRandomCropAndResize, {"crop_area_fraction": 0.5}, TypeError, "pair"),
        (MapImage, {"func": 3}, TypeError, "callable"),
        (MapImage, {"func": len, "coord_func": 3}, TypeError, "coord_func"),
        (RandomApplyAug, {"aug": Flip, "prob": 0.5}, TypeError, "call it first"),
        (RandomApplyAug, {"aug": Identity(), "prob": 2}, ValueError, "prob"),
        (RandomChooseAug, {"aug_lists": []}, ValueError, "empty"),
        (RandomChooseAug, {"aug_lists": [(Identity(), 0.5)]}, ValueError, "sum to 1"),
        (RandomChooseAug, {"aug_lists": [len]}, TypeError, "MapImage"),
        (Normalize, {"mean": 0, "std": 0}, ValueError, "std"),
        (
            Normalize,
            {"mean": (1, 2), "std": (1, 2, 3)},
            ValueError,
            "mean and std .* of one length",
        ),
        (Clip, {"min": 3, "max": 2}, ValueError, "low above high"),
    ],
)
def test_parameters_are_checked_at_construction(
    kind: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kind(**arguments)
