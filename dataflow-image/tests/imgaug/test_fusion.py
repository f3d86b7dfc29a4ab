"""Fused and unfused transforms agree."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataflow_core import DataFromList
from dataflow_image import AugmentImageComponent, recipes
from dataflow_image.imgaug import (
    Affine,
    AugmentorList,
    Brightness,
    BrightnessScale,
    CenterCrop,
    ColorJitter,
    CropTransform,
    Flip,
    FlipTransform,
    Gamma,
    GoogleNetRandomCropAndResize,
    Grayscale,
    ImageAugmentor,
    NoOpTransform,
    Normalize,
    RandomApplyAug,
    RandomChooseAug,
    RandomCrop,
    RandomOrderAug,
    Resize,
    ResizeTransform,
    Rotation,
    RotationAndCropValid,
    Saturation,
    Shift,
    ToFloat32,
    Transform,
    TransformList,
    Transpose,
    TransposeTransform,
    WarpAffineTransform,
)
from dataflow_image.imgaug import (
    Contrast as ContrastAug,
)
from dataflow_image.imgaug.spec import ImageSpec
from dataflow_image.imgaug.transforms import (
    CastTransform,
    ColorSpaceTransform,
    ColorTransform,
    NormalizeTransform,
    PointTransform,
)
from dataflow_image.imgaug.transforms.color_steps import (
    ColorStep,
    Contrast,
    brightness,
    saturation,
    shift,
)
from dataflow_image.imgaug.transforms.fusion import fuse
from dataflow_image.imgaug.transforms.point_steps import GammaStep, PosterizeStep, SolarizeStep

COLORS: list[ColorStep] = [
    brightness(0.7),
    brightness(1.2),
    shift((3.0, -5.0, 8.0)),
    saturation(0.4),
    saturation(1.3),
    Contrast(0.5),
    Contrast(1.2, weights=None),
]


@st.composite
def chains(draw: st.DrawFn, clip: st.SearchStrategy[bool]) -> list[Transform]:
    """Chains of transforms that fit one another, for an image of 24x32."""
    spec = ImageSpec((24, 32, 3), np.dtype(np.uint8))
    chain: list[Transform] = []
    for _ in range(draw(st.integers(0, 7))):
        h, w = spec.shape[:2]
        kind = draw(st.sampled_from(["crop", "flip", "transpose", "color", "resize", "noop"]))
        tfm: Transform
        if kind == "crop":
            new_h, new_w = draw(st.integers(1, h)), draw(st.integers(1, w))
            y0, x0 = draw(st.integers(0, h - new_h)), draw(st.integers(0, w - new_w))
            tfm = CropTransform(y0, x0, new_h, new_w)
        elif kind == "flip":
            tfm = FlipTransform(h, w, draw(st.booleans()))
        elif kind == "transpose":
            tfm = TransposeTransform()
        elif kind == "color":
            tfm = ColorTransform((draw(st.sampled_from(COLORS)),), draw(clip))
        elif kind == "resize":
            tfm = ResizeTransform(h, w, draw(st.integers(1, 40)), draw(st.integers(1, 40)))
        else:
            tfm = NoOpTransform()
        chain.append(tfm)
        after = tfm.spec_after(spec)
        assert after is not None
        spec = after
    return chain


def one_by_one(chain: list[Transform], image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    for tfm in chain:
        image = tfm.apply_image(image)
    return image


def noise(dtype: type[np.generic], seed: int) -> npt.NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3)).astype(dtype)


@given(chain=chains(clip=st.just(False)), seed=st.integers(0, 100))
def test_float_images_agree_to_float_precision(chain: list[Transform], seed: int) -> None:
    image = noise(np.float64, seed)
    fused = TransformList(chain).apply_image(image)
    np.testing.assert_allclose(fused, one_by_one(chain, image), rtol=1e-9, atol=1e-7)


@given(chain=chains(clip=st.booleans()), seed=st.integers(0, 100))
def test_clipping_between_operations_is_kept(chain: list[Transform], seed: int) -> None:
    image = noise(np.float64, seed)
    fused = TransformList(chain).apply_image(image)
    np.testing.assert_allclose(fused, one_by_one(chain, image), rtol=1e-9, atol=1e-7)


@given(chain=chains(clip=st.just(True)), seed=st.integers(0, 100))
def test_uint8_images_agree_exactly_where_every_operation_clips(
    chain: list[Transform], seed: int
) -> None:
    image = noise(np.uint8, seed)
    fused = TransformList(chain).apply_image(image)
    np.testing.assert_array_equal(fused, one_by_one(chain, image))


def test_unclipped_uint8_colours_agree_to_rounding() -> None:
    # Values whose intermediate results all stay within what uint8 can hold.
    image = np.random.default_rng(1).integers(80, 140, (24, 32, 3)).astype(np.uint8)
    chain: list[Transform] = [ColorTransform((step,), clip=False) for step in COLORS]
    fused = TransformList(chain).apply_image(image).astype(int)
    assert np.abs(fused - one_by_one(chain, image).astype(int)).max() <= 3


@given(chain=chains(clip=st.booleans()))
def test_points_do_not_notice_fusion(chain: list[Transform]) -> None:
    points = np.array([[3.5, 4.5], [30.0, 2.0]])
    fused = points
    for tfm in fuse(chain):
        fused = tfm.apply_coords(fused)
    np.testing.assert_allclose(fused, TransformList(chain).apply_coords(points), atol=1e-9)


@given(chain=chains(clip=st.booleans()))
def test_fusing_again_changes_nothing(chain: list[Transform]) -> None:
    fused = fuse(chain)
    assert fuse(fused) == fused
    assert len(fused) <= len(chain)


def test_unclipped_colours_become_one_map_across_flips() -> None:
    first, second = ColorTransform((COLORS[0],), clip=False), ColorTransform((COLORS[5],))
    flip = FlipTransform(4, 6)
    assert fuse([first, flip, second]) == [flip, ColorTransform((COLORS[0], COLORS[5]))]


def test_a_colour_that_measures_the_mean_stays_before_the_crop() -> None:
    contrast, crop = ColorTransform((Contrast(0.5),)), CropTransform(0, 0, 2, 2)
    assert fuse([contrast, crop]) == [contrast, crop]
    assert fuse([ColorTransform((COLORS[0],)), crop])[0] == crop


@pytest.mark.parametrize(
    ("mode", "channels"),
    [
        (cv2.COLOR_BayerBG2BGR, 1),
        (cv2.COLOR_BayerGR2GRAY, 1),
        (cv2.COLOR_BayerRG2BGR_EA, 1),
        (cv2.COLOR_BGR2YUV_I420, 3),
        (cv2.COLOR_YUV2BGR_NV12, 1),
        (cv2.COLOR_YUV2BGR_YUY2, 2),
        (cv2.COLOR_YUV420p2GRAY, 1),
    ],
)
def test_a_conversion_of_pixels_that_need_their_neighbours_stays_before_the_crop(
    mode: int, channels: int
) -> None:
    values = np.random.default_rng(6).integers(0, 256, (24, 32, channels)).astype(np.uint8)
    image = values[:, :, 0] if channels == 1 else values
    chain: list[Transform] = [ColorSpaceTransform(mode), CropTransform(3, 3, 6, 6)]
    assert fuse(chain) == chain
    fused = TransformList(chain).apply_image(image)
    np.testing.assert_array_equal(fused, one_by_one(chain, image))


@pytest.mark.parametrize("mode", [cv2.COLOR_BGR2GRAY, cv2.COLOR_BGR2YUV, cv2.COLOR_BGR2HSV])
def test_a_conversion_of_single_pixels_gives_way_to_the_crop(mode: int) -> None:
    chain: list[Transform] = [ColorSpaceTransform(mode), CropTransform(3, 3, 6, 6)]
    assert fuse(chain) == chain[::-1]
    image = noise(np.uint8, 6)
    fused = TransformList(chain).apply_image(image)
    np.testing.assert_array_equal(fused, one_by_one(chain, image))


def test_crops_become_one_view_and_cancelled_flips_vanish() -> None:
    flip = FlipTransform(10, 10)
    crops = [CropTransform(1, 2, 8, 8), CropTransform(3, 1, 4, 4)]
    assert fuse([flip, flip, *crops]) == [CropTransform(4, 3, 4, 4)]


TURN = WarpAffineTransform(cv2.getRotationMatrix2D((15.5, 11.5), 20, 1.1), (32, 24))


# OpenCV samples at places rounded to float32, before 5.0 to 1/32 pixel: so many grey levels, in
# noise.
PLACES_ROUNDED = 2 if int(cv2.__version__.partition(".")[0]) >= 5 else 8


@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT])
@pytest.mark.parametrize(
    "move",
    [
        CropTransform(3, 5, 12, 20),
        FlipTransform(24, 32),
        FlipTransform(24, 32, horiz=False),
        TransposeTransform(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("before", [True, False])
def test_a_warp_takes_in_crops_flips_and_transposes(
    move: Transform, border: int, before: bool
) -> None:
    turn = dataclasses.replace(TURN, borderMode=border)
    if before and isinstance(move, CropTransform):
        pytest.skip("the crop before a warp is a view and decides on the border")
    chain: list[Transform] = [move, turn] if before else [turn, move]
    [fused] = fuse(chain)
    assert isinstance(fused, WarpAffineTransform)
    image = noise(np.uint8, 3)
    expected = one_by_one(chain, image).astype(int)
    assert np.abs(fused.apply_image(image).astype(int) - expected).max() <= PLACES_ROUNDED


def zoom(scale: float) -> WarpAffineTransform:
    return WarpAffineTransform(cv2.getRotationMatrix2D((31.5, 23.5), 10, scale), (64, 48))


def test_warps_become_one_where_the_second_stays_within_the_first() -> None:
    rows, columns = np.mgrid[0:48, 0:64]
    smooth = (128 + 50 * np.sin(rows / 9) + 50 * np.cos(columns / 11)).astype(np.float32)
    chain: list[Transform] = [zoom(1.0), zoom(1.5), zoom(1.6)]
    [fused] = fuse(chain)
    assert np.abs(fused.apply_image(smooth) - one_by_one(chain, smooth)).max() < 1.0
    points = np.array([[3.0, 4.0], [60.0, 7.0]])
    np.testing.assert_allclose(
        fused.apply_coords(points), TransformList(chain).apply_coords(points), atol=1e-9
    )


def test_a_chain_of_warps_interpolates_once() -> None:
    rows, columns = np.mgrid[0:48, 0:64] + 0.5

    def exact(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return 128 + 100 * np.sin(x) * np.cos(y)

    chain = TransformList([zoom(1.2), zoom(1.3), zoom(1.3), zoom(1.3)])
    back = chain.inverse().apply_coords(np.stack([columns.ravel(), rows.ravel()], axis=1))
    expected = exact(back[:, 0], back[:, 1]).reshape(48, 64)
    image = exact(columns, rows).astype(np.float32)
    fused, unfused = chain.apply_image(image), one_by_one(list(chain.tfms), image)
    assert np.abs(fused - expected).mean() < 0.75 * np.abs(unfused - expected).mean()


@pytest.mark.parametrize(
    "second",
    [
        zoom(0.9),
        WarpAffineTransform([[1, 0, 5], [0, 1, 0]], (64, 48)),
        WarpAffineTransform([[1, 0, -5], [0, 1, 0]], (64, 48)),
        dataclasses.replace(zoom(1.5), interp=cv2.INTER_NEAREST),
        dataclasses.replace(zoom(1.5), borderMode=cv2.BORDER_REPLICATE),
        dataclasses.replace(zoom(1.5), borderValue=3.0),
        WarpAffineTransform(np.zeros((2, 3)), (64, 48)),
    ],
    ids=["all round", "left", "right", "interp", "border", "border value", "singular"],
)
def test_warps_that_differ_or_show_the_border_stay_apart(second: WarpAffineTransform) -> None:
    assert fuse([zoom(1.0), second]) == [zoom(1.0), second]


def test_tables_become_one_and_round_as_before() -> None:
    tables: list[Transform] = [
        PointTransform((step,)) for step in (GammaStep(0.4), PosterizeStep(3), SolarizeStep(100.0))
    ]
    [fused] = fuse(tables)
    image = noise(np.uint8, 5)
    np.testing.assert_array_equal(fused.apply_image(image), one_by_one(tables, image))


def test_a_cast_before_a_normalisation_vanishes() -> None:
    normalize = NormalizeTransform((1.0,), (2.0,))
    assert fuse([CastTransform("float32"), normalize]) == [normalize]
    assert len(fuse([CastTransform("uint8"), normalize])) == 2


AUGMENTORS: list[ImageAugmentor] = [
    Affine((0.7, 1.6), (0.1, 0.1), 30, 10),
    Brightness(20, clip=False),
    BrightnessScale(0.2, clip=False),
    CenterCrop((40, 44)),
    ColorJitter(0.2, 0.2, 0.2),
    ContrastAug(0.2, clip=False),
    Flip(horiz=True),
    Flip(vert=True),
    Gamma(),
    GoogleNetRandomCropAndResize(target_shape=50),
    Grayscale(keepshape=True),
    RandomCrop((40, 42)),
    Resize((48, 64)),
    Rotation(30),
    RotationAndCropValid(20),
    Saturation(0.3, clip=False),
    Shift(0.1, 0.1),
    Transpose(),
]


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[ImageAugmentor], int]:
    """Lists of augmentors and of composites of them, and how many of them apply at most."""
    leaves = st.sampled_from(AUGMENTORS)
    chosen: list[ImageAugmentor] = []
    most = 0
    for _ in range(draw(st.integers(0, 4))):
        members = draw(st.lists(leaves, min_size=1, max_size=3))
        kind = draw(st.sampled_from(["alone", "apply", "choose", "order", "list"]))
        if kind == "alone":
            chosen.append(members[0])
        elif kind == "apply":
            chosen.append(RandomApplyAug(RandomOrderAug(members), 0.7))
        elif kind == "choose":
            chosen.append(RandomChooseAug([AugmentorList([member]) for member in members]))
        elif kind == "order":
            chosen.append(RandomOrderAug(members))
        else:
            chosen.append(AugmentorList(members))
        most += 1 if kind in ("alone", "choose") else len(members)
    return chosen, most


def leaves_of(tfm: Transform) -> list[Transform]:
    if isinstance(tfm, TransformList):
        return [leaf for member in tfm.tfms for leaf in leaves_of(member)]
    return [tfm]


@settings(max_examples=200, deadline=None)
@given(trees(), st.integers(0, 10_000), st.booleans())
def test_random_lists_agree_with_and_without_fusion(
    tree: tuple[list[ImageAugmentor], int], seed: int, as_float: bool
) -> None:
    # Smooth, and far from black and white: between operations nothing is cut off that unfused
    # lists would lose, and interpolating twice differs little from once. So also no black borders:
    # at a steep edge the rounding of places shows.
    chosen, most = tree
    rows, columns = np.mgrid[0:96, 0:128]
    waves = ((31, 37), (29, 43), (41, 27))
    planes = [128 + 15 * np.sin(rows / a) + 15 * np.cos(columns / b) for a, b in waves]
    image = np.stack(planes, axis=-1).astype(np.float32 if as_float else np.uint8)
    results, drawn = [], []
    for fused in (True, False):
        augmentors = AugmentorList([*chosen, Resize(60), ToFloat32(), Normalize(128, 1)], fused)
        augmentors.reset_state(seed)
        try:
            result, tfm = augmentors.augment_with_transform(image)
        except ValueError as error:
            assume("needs an image of at least" not in str(error))
            raise
        results.append(result)
        drawn.append(leaves_of(tfm))
    assert drawn[0] == drawn[1]
    np.testing.assert_array_equal(results[1], one_by_one(drawn[1], image))
    assert np.abs(results[0] - results[1]).max() < 4 + 3 * most
    assert np.abs(results[0] - results[1]).mean() < 1 + most / 2


TWICE = [BrightnessScale((2.5, 2.5), clip=False), BrightnessScale((0.4, 0.4), clip=False)]


@pytest.mark.parametrize(
    "augmentor",
    [
        AugmentorList(TWICE),
        AugmentorList([AugmentorList(TWICE)]),
        RandomOrderAug(TWICE),
        RandomApplyAug(AugmentorList(TWICE), 1.0),
        RandomChooseAug([RandomOrderAug(TWICE)]),
        RandomOrderAug(recipes.resnet_train(20)),
    ],
    ids=lambda augmentor: type(augmentor).__name__,
)
def test_without_fusion_composites_are_applied_one_by_one(augmentor: ImageAugmentor) -> None:
    image = noise(np.uint8, 8)
    augmentors = AugmentorList([augmentor], fuse=False)
    for seed in range(20):
        augmentors.reset_state(seed)
        result, tfm = augmentors.augment_with_transform(image)
        np.testing.assert_array_equal(result, one_by_one(leaves_of(tfm), image))
        np.testing.assert_array_equal(tfm.apply_image(image), result)


def test_a_list_that_is_not_fused_unfuses_the_lists_within() -> None:
    chain = [ColorTransform((brightness(factor),), clip=False) for factor in (2.5, 0.4)]
    image = noise(np.uint8, 9)
    unfused = TransformList([TransformList([TransformList(chain)])], fused=False)
    np.testing.assert_array_equal(unfused.apply_image(image), one_by_one([*chain], image))
    assert TransformList.from_dict(unfused.to_dict()) == unfused
    assert unfused.inverse() == TransformList([unfused.tfms[0].inverse()], fused=False)


def test_a_list_that_is_not_fused_stays_so_within_one_that_is() -> None:
    image = noise(np.uint8, 8)
    augmentors = AugmentorList([AugmentorList(TWICE, fuse=False)])
    result, tfm = augmentors.augment_with_transform(image)
    np.testing.assert_array_equal(result, one_by_one(leaves_of(tfm), image))


def test_without_fusion_transforms_are_applied_one_by_one() -> None:
    chosen: list[ImageAugmentor] = [Brightness(200, clip=False), Brightness(200, clip=False)]
    image = np.full((4, 4, 3), 128, np.uint8)
    for fused in (True, False):
        tfm = AugmentorList(chosen, fuse=fused).get_transform(image)
        expected = one_by_one(fuse(tfm.tfms) if fused else list(tfm.tfms), image)
        np.testing.assert_array_equal(tfm.apply_image(image), expected)
        assert tfm.fused == fused
        assert tfm.inverse().fused == fused


@pytest.mark.parametrize("make", [list, AugmentorList])
def test_operators_can_leave_fusion_out(make: Any) -> None:
    chosen = [CenterCrop(4), Flip(horiz=True)]
    flow = AugmentImageComponent(DataFromList([[noise(np.uint8, 1)]]), make(chosen), fuse=False)
    assert not flow.augmentors.fuse
    assert "fuse=False" in flow.explain()
    assert "fuse" not in AugmentImageComponent(DataFromList([[1]]), make(chosen)).explain()


def test_a_nested_list_is_a_boundary() -> None:
    inner = TransformList([ColorTransform((COLORS[0],), clip=False)])
    assert fuse([inner, ColorTransform((COLORS[1],))]) == [inner, ColorTransform((COLORS[1],))]


class _Louder(ColorTransform):
    pass


def test_subclasses_are_left_alone() -> None:
    chain = [_Louder((COLORS[0],), clip=False), ColorTransform((COLORS[1],))]
    assert fuse(chain) == chain
