"""Recipes give what models expect, at the cost of few passes."""

from __future__ import annotations

import numpy as np
import pytest

from dataflow_image import imgaug, recipes
from dataflow_image.imgaug.transforms import ColorTransform, CropTransform, FlipTransform
from dataflow_image.imgaug.transforms.fusion import fuse


def photo(h: int = 375, w: int = 500) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (h, w, 3), np.uint8)


def test_resnet_training_images_take_one_crop_one_resize_and_one_colour_map() -> None:
    augmentors = imgaug.AugmentorList(recipes.resnet_train())
    augmentors.reset_state(0)
    flipped = 0
    for _ in range(60):
        image, tfm = augmentors.augment_with_transform(photo())
        assert image.shape == (224, 224, 3)
        assert image.dtype == np.uint8
        kinds = [type(one) for one in fuse(tfm.tfms)]
        assert kinds[:1] == [CropTransform]
        assert kinds.count(ColorTransform) == 1
        assert len(kinds) == 3 + (FlipTransform in kinds)
        flipped += FlipTransform in kinds
    assert 15 < flipped < 45


def test_resnet_light_is_that_of_its_principal_components() -> None:
    [lighting] = [
        augmentor
        for augmentor in recipes.resnet_train()[1].aug_lists  # type: ignore[attr-defined]
        if isinstance(augmentor, imgaug.Lighting)
    ]
    vectors = np.array(lighting.eigvec)
    # Columns are unit vectors at right angles, but for the four digits they are published with.
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=2e-3)
    np.testing.assert_allclose(lighting.eigval, np.array([0.2175, 0.0188, 0.0045]) * 255)


def test_resnet_validation_takes_the_centre() -> None:
    augmentors = imgaug.AugmentorList(recipes.resnet_eval())
    image = augmentors.augment(photo())
    assert image.shape == (224, 224, 3)
    np.testing.assert_array_equal(image, augmentors.augment(photo()))
    with pytest.raises(ValueError, match="shortest_edge=256"):
        recipes.resnet_eval(300)
    assert imgaug.AugmentorList(recipes.resnet_eval(96, 112)).augment(photo()).shape == (96, 96, 3)


def test_detection_resizes_to_one_of_its_lengths_and_moves_boxes_along() -> None:
    augmentors = imgaug.AugmentorList(recipes.detection_train((60, 75)))
    augmentors.reset_state(0)
    edges = set()
    for _ in range(40):
        tfm = augmentors.get_transform(photo())
        image = tfm.apply_image(photo())
        edges.add(image.shape[0])
        assert tfm.apply_box(np.array([[0.0, 0, 500, 375]])).round(6).tolist() == [
            [0, 0, image.shape[1], image.shape[0]]
        ]
    assert edges == {60, 75}


def test_a_recipe_can_be_added_to() -> None:
    normalize = imgaug.Normalize(recipes.IMAGENET_MEAN, recipes.IMAGENET_STD)
    image = imgaug.AugmentorList([*recipes.resnet_eval(), normalize]).augment(photo())
    assert image.dtype == np.float32
    assert abs(image.mean()) < 1
