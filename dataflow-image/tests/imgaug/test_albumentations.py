"""Augmentors of albumentations draw from our generator, and move what is marked."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import DataFromList
from dataflow_image import AugmentImageComponents
from dataflow_image.imgaug import Albumentations, Transform


def test_without_albumentations_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(ImportError, match="pip install albumentations"):
        Albumentations(lambda **targets: targets)


@pytest.fixture
def library() -> Any:
    return pytest.importorskip("albumentations", reason="albumentations is not installed")


def test_one_seed_gives_the_same_image_again(library: Any, photo: npt.NDArray[Any]) -> None:
    augmentor = Albumentations(library.RandomBrightnessContrast(p=1))
    augmentor.reset_state(0)
    first, tfm = augmentor.augment_with_transform(photo)
    second = augmentor.augment(photo)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(tfm.apply_image(photo), first)
    augmentor.reset_state(0)
    np.testing.assert_array_equal(augmentor.augment(photo), first)


def test_points_and_masks_follow_the_image(library: Any, photo: npt.NDArray[Any]) -> None:
    augmentor = Albumentations(library.Compose([library.HorizontalFlip(p=0.5)]))
    augmentor.reset_state(0)
    flipped = 0
    for _ in range(40):
        image, tfm = augmentor.augment_with_transform(photo)
        is_flipped = np.array_equal(image, photo[:, ::-1])
        x = 75.0 if is_flipped else 5.0
        np.testing.assert_allclose(tfm.apply_coords(np.array([[5.0, 7.0]])), [[x, 7.0]])
        mask = np.arange(80, dtype=np.uint8)[np.newaxis].repeat(60, axis=0)
        expected = mask[:, ::-1] if is_flipped else mask
        np.testing.assert_array_equal(tfm.apply_mask(mask), expected)
        flipped += is_flipped
    assert 10 < flipped < 30


@pytest.mark.parametrize("name", ["ElasticTransform", "OpticalDistortion", "ThinPlateSpline"])
def test_points_that_are_lost_are_nan_and_the_others_keep_their_rows(
    library: Any, name: str, photo: npt.NDArray[Any]
) -> None:
    kinds: dict[str, dict[str, Any]] = {"ElasticTransform": {"alpha": 100, "sigma": 8}}
    augmentor = Albumentations(getattr(library, name)(p=1, **kinds.get(name, {})))
    augmentor.reset_state(0)
    points = np.array([[1.0, 1], [79, 2], [5, 58], [78, 59], [40, 30], [np.nan, 7]], np.float32)
    lost = 0
    for _ in range(20):
        tfm = augmentor.get_transform(photo)
        moved = tfm.apply_coords(points)
        assert moved.dtype == points.dtype
        alone = np.concatenate([tfm.apply_coords(point[np.newaxis]) for point in points])
        np.testing.assert_array_equal(moved, alone)
        is_lost = np.isnan(moved).any(axis=1)
        assert is_lost[-1]
        lost += is_lost[:-1].sum()
    assert lost > 0


def test_boxes_whose_corners_are_lost_are_an_error(library: Any, photo: npt.NDArray[Any]) -> None:
    augmentor = Albumentations(library.ThinPlateSpline(p=1))
    dps = [[photo, [[0.0, 0.0, 80.0, 60.0]]]] * 20
    flow = AugmentImageComponents(DataFromList(dps), [augmentor], 0, box_index=1)
    with pytest.raises(ValueError, match=r"ThinPlateSpline.* has lost corners of boxes"):
        list(flow)


DTYPES = "bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 float32 float64"


@pytest.mark.parametrize("dtype", DTYPES.split())
@pytest.mark.parametrize("name", ["HorizontalFlip", "Rotate", "Affine", "Resize", "GridDistortion"])
def test_masks_keep_their_dtype_and_values(
    library: Any, name: str, dtype: str, photo: npt.NDArray[Any], random: np.random.Generator
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "Affine": {"rotate": (20, 20)},
        "Resize": {"height": 30, "width": 40},
    }
    tfm = Albumentations(getattr(library, name)(p=1, **kinds.get(name, {}))).get_transform(photo)
    numbers = random.integers(0, 100, (60, 80), np.uint8)
    mask = (numbers > 50) if dtype == "bool" else numbers.astype(dtype)
    expected = tfm.apply_mask(mask.astype(np.uint8))
    moved = tfm.apply_mask(mask)
    assert moved.dtype == dtype
    assert np.isin(moved, np.append(mask, np.zeros(1, dtype))).all()
    # OpenCV places some dtypes a little differently, which shows where two pixels are as near.
    assert (moved == expected).mean() > 0.99


def test_masks_that_cannot_keep_their_values_are_refused(
    library: Any, photo: npt.NDArray[Any]
) -> None:
    tfm = Albumentations(library.HorizontalFlip(p=1)).get_transform(photo)
    mask = np.full((60, 80), 1 << 53)
    np.testing.assert_array_equal(tfm.apply_mask(mask), mask)
    with pytest.raises(ValueError, match=r"no ints beyond 2 \*\* 53"):
        tfm.apply_mask(mask + 1)


def test_a_wrapped_transform_goes_to_json_and_back(library: Any, photo: npt.NDArray[Any]) -> None:
    augmentor = Albumentations(library.Rotate(30, p=0.9))
    for _ in range(5):
        image, tfm = augmentor.augment_with_transform(photo)
        again = Transform.from_dict(json.loads(json.dumps(tfm.to_dict())))
        np.testing.assert_array_equal(again.apply_image(photo), image)
        assert again == tfm
        assert hash(again) == hash(tfm)
