"""Lists of augmentors, their random numbers, and what threads and processes ask of them."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import DataFromList, MapData, seeded
from dataflow_image.imgaug import (
    AugmentorList,
    Brightness,
    BrightnessScale,
    CenterCrop,
    ColorJitter,
    Contrast,
    CropTransform,
    Flip,
    GoogleNetRandomCropAndResize,
    Identity,
    ImageAugmentor,
    MapImage,
    PhotometricAugmentor,
    RandomApplyAug,
    RandomChooseAug,
    RandomCrop,
    RandomOrderAug,
    Resize,
    ResizeShortestEdge,
    ToFloat32,
    Transform,
    TransformList,
)


def halved(img: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return img[::2, ::2]


def blended(img: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return (img // 2 + 20).astype(img.dtype)


class CropBrightest(ImageAugmentor):
    """Looks at pixels, as users' augmentors may."""

    def get_transform(self, img: npt.NDArray[Any]) -> Transform:
        y, x = np.unravel_index(img.sum(axis=2).argmax(), img.shape[:2])
        h, w = img.shape[0] // 2, img.shape[1] // 2
        y0, x0 = min(int(y), img.shape[0] - h), min(int(x), img.shape[1] - w)
        return CropTransform(y0, x0, h, w)


class Darken(PhotometricAugmentor):
    """Draws and computes, as users' augmentors do."""

    def __init__(self, low: float) -> None:
        self.low = low

    def _get_augment_params(self, img: npt.NDArray[Any]) -> float:
        return float(self.rng.uniform(self.low, 1.0))

    def _augment(self, img: npt.NDArray[Any], params: float) -> npt.NDArray[Any]:
        return (img * params).astype(img.dtype)


def everything() -> AugmentorList:
    return AugmentorList(
        [
            GoogleNetRandomCropAndResize(target_shape=(40, 50)),
            RandomApplyAug(ColorJitter(0.4, 0.4, 0.4, 0.1), 0.8),
            Flip(horiz=True),
            CropBrightest(),
            RandomOrderAug([Brightness(9, clip=False), Contrast(0.3, clip=False), Darken(0.5)]),
            MapImage(blended),
            RandomChooseAug([Flip(vert=True), AugmentorList([RandomCrop(9), CropBrightest()])]),
            Resize(16),
            ToFloat32(),
        ]
    )


def test_augment_equals_applying_the_transform_it_returns(photo: npt.NDArray[Any]) -> None:
    augmentors = everything()
    for seed in range(30):
        augmentors.reset_state(seed)
        image, transform = augmentors.augment_with_transform(photo)
        np.testing.assert_array_equal(transform.apply_image(photo), image)
        augmentors.reset_state(seed)
        np.testing.assert_array_equal(augmentors.get_transform(photo).apply_image(photo), image)
        augmentors.reset_state(seed)
        np.testing.assert_array_equal(augmentors.augment(photo), image)


def test_members_get_the_image_that_their_predecessors_leave(photo: npt.NDArray[Any]) -> None:
    seen = []

    class Look(Identity):
        reads_pixels = True

        def get_transform(self, img: npt.NDArray[Any]) -> Transform:
            seen.append(img.copy())
            return super().get_transform(img)

    AugmentorList([CenterCrop(20), MapImage(blended), Look(), Resize(5), Look()]).augment(photo)
    half = blended(photo[20:40, 30:50])
    np.testing.assert_array_equal(seen[0], half)
    np.testing.assert_array_equal(seen[1], Resize(5).augment(half))


def test_pixels_that_were_looked_at_are_those_of_the_result(photo: npt.NDArray[Any]) -> None:
    class Look(Identity):
        reads_pixels = True

    # Fused into one, the two would neither round nor saturate in between.
    augmentors = AugmentorList(
        [
            BrightnessScale((3.0, 3.0), clip=False),
            Look(),
            BrightnessScale((0.3, 0.3), clip=False),
            Look(),
        ]
    )
    image, transform = augmentors.augment_with_transform(photo)
    assert image.max() <= 77
    np.testing.assert_array_equal(transform.apply_image(photo), image)


def test_shapes_are_known_before_pixels_are(photo: npt.NDArray[Any]) -> None:
    shapes: list[tuple[tuple[int, ...], str]] = []

    class Look(Identity):
        def get_transform(self, img: npt.NDArray[Any]) -> Transform:
            shapes.append((img.shape, img.dtype.name))
            assert not img.any(), "pixels were computed for one who does not look at them"
            return super().get_transform(img)

    AugmentorList(
        [ResizeShortestEdge(10), Look(), CenterCrop((4, 5)), ToFloat32(), Look()]
    ).get_transform(photo)
    assert shapes == [((10, 13, 3), "uint8"), ((4, 5, 3), "float32")]


def test_nested_lists_fuse_with_their_neighbours(photo: npt.NDArray[Any]) -> None:
    inner = AugmentorList([CenterCrop(10), CenterCrop(8)])
    transform = AugmentorList([CenterCrop(20), inner]).get_transform(photo)
    assert all(isinstance(tfm, CropTransform) for tfm in transform.tfms)
    assert np.shares_memory(transform.apply_image(photo), photo)


def test_an_empty_list_changes_nothing(photo: npt.NDArray[Any]) -> None:
    assert AugmentorList([]).augment(photo) is photo
    assert AugmentorList([]).get_transform(photo) == TransformList([])


@pytest.mark.parametrize("bad", [[Flip], [len], [None]])
def test_members_that_are_no_augmentors_are_refused(bad: list[Any]) -> None:
    with pytest.raises(TypeError, match=r"AugmentorList: .* is not an ImageAugmentor"):
        AugmentorList(bad)


def test_a_lone_augmentor_is_no_list() -> None:
    with pytest.raises(TypeError, match="takes a list"):
        AugmentorList(Flip(horiz=True))  # type: ignore[arg-type]


def test_one_seed_gives_the_same_draws_and_another_gives_others(photo: npt.NDArray[Any]) -> None:
    def draws(seed: int | None) -> list[npt.NDArray[Any]]:
        augmentors = AugmentorList([RandomCrop(9), Flip(horiz=True), ColorJitter(0.4, 0.4, 0.4)])
        augmentors.reset_state(seed)
        return [augmentors.augment(photo) for _ in range(5)]

    assert np.array_equal(draws(7), draws(7))
    assert not np.array_equal(draws(7), draws(8))
    assert not np.array_equal(draws(None), draws(None))


def test_members_of_one_kind_draw_apart() -> None:
    augmentors = AugmentorList([RandomCrop(50), RandomCrop(1)])
    same = AugmentorList([RandomCrop(50), RandomCrop(50)])
    same.reset_state(0)
    image = np.zeros((1000, 50), np.uint8)
    augmentors.reset_state(0)
    first, second = same.augmentors
    assert first.get_transform(image) != second.get_transform(image)


def test_within_a_flow_the_flows_generator_is_drawn_from(photo: npt.NDArray[Any]) -> None:
    flip, crop = Flip(horiz=True), RandomCrop(8)
    with seeded(5) as flow:
        assert flip.rng is flow
        flip.reset_state(99)
        assert flip.rng is flow
        drawn = crop.get_transform(photo)
    with seeded(5) as again:
        assert (drawn.y0, drawn.x0) == (int(53 * again.random()), int(73 * again.random()))


def test_within_a_flow_draws_depend_on_the_position_alone(photo: npt.NDArray[Any]) -> None:
    augmentors = everything()
    flow = MapData(DataFromList([photo] * 6, shuffle=False), augmentors.augment)
    flow.reset_state(seed=11)
    first = list(flow)
    augmentors.reset_state(5)
    flow.reset_state(seed=11)
    np.testing.assert_array_equal(list(flow), first)
    with seeded(1):
        alone = augmentors.augment(photo)
    with seeded(1):
        np.testing.assert_array_equal(augmentors.augment(photo), alone)


def test_outside_of_any_flow_each_augmentor_has_its_own_generator() -> None:
    first, second = Flip(horiz=True), Flip(horiz=True)
    assert first.rng is first.rng
    assert first.rng is not second.rng


def test_threads_that_share_an_augmentor_do_not_disturb_one_another(
    photo: npt.NDArray[Any],
) -> None:
    augmentors = everything()

    def augment(position: int) -> npt.NDArray[Any]:
        with seeded(position):
            return augmentors.augment(photo)

    alone = [augment(position) for position in range(100)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(augment, range(100)))
    np.testing.assert_array_equal(alone, together)


def test_augmentors_and_their_transforms_can_be_pickled(photo: npt.NDArray[Any]) -> None:
    augmentors = everything()
    augmentors.reset_state(3)
    copy = pickle.loads(pickle.dumps(augmentors))
    assert repr(copy) == repr(augmentors)
    image, transform = augmentors.augment_with_transform(photo)
    np.testing.assert_array_equal(copy.augment(photo), image)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(transform)).apply_image(photo), image)


def test_reprs_are_constructor_calls() -> None:
    assert repr(Flip(horiz=True)) == "Flip(horiz=True, vert=False, prob=0.5)"
    assert repr(AugmentorList([Resize(3), MapImage(halved)])) == (
        "AugmentorList(augmentors=[Resize(shape=(3, 3), interp=1), "
        "MapImage(func=halved, coord_func=None)], fuse=True)"
    )
    assert repr(RandomCrop((2, 3))) == "RandomCrop(crop_shape=(2, 3))"
    assert repr(ColorJitter(0.5, (0.2, 0.3), 0)) == (
        "ColorJitter(brightness=(0.5, 1.5), contrast=(0.2, 0.3), saturation=(1.0, 1.0), "
        "hue=(0.0, 0.0))"
    )
    assert repr(Darken(0.5)) == "Darken(low=0.5)"


def test_a_photometric_augmentor_leaves_coordinates_and_masks(photo: npt.NDArray[Any]) -> None:
    augmentor = Darken(0.5)
    image, transform = augmentor.augment_with_transform(photo)
    assert image.mean() < photo.mean()
    points, mask = np.array([[1.0, 2.0]]), photo[..., 0]
    np.testing.assert_array_equal(transform.apply_coords(points), points)
    assert transform.apply_mask(mask) is mask
    np.testing.assert_array_equal(transform.apply_image(photo), image)
    assert "Darken(low=0.5) with 0." in repr(transform)
