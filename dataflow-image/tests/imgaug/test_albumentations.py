"""Augmentors of albumentations draw from our generator, and move what is marked."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

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


def test_a_wrapped_transform_goes_to_json_and_back(library: Any, photo: npt.NDArray[Any]) -> None:
    augmentor = Albumentations(library.Rotate(30, p=0.9))
    for _ in range(5):
        image, tfm = augmentor.augment_with_transform(photo)
        again = Transform.from_dict(json.loads(json.dumps(tfm.to_dict())))
        np.testing.assert_array_equal(again.apply_image(photo), image)
        assert again == tfm
        assert hash(again) == hash(tfm)
