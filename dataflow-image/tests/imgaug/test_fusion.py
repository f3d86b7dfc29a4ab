"""Fused and unfused transforms agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from dataflow_image.imgaug import (
    CropTransform,
    FlipTransform,
    NoOpTransform,
    ResizeTransform,
    Transform,
    TransformList,
    TransposeTransform,
)
from dataflow_image.imgaug.spec import ImageSpec
from dataflow_image.imgaug.transforms import ColorTransform
from dataflow_image.imgaug.transforms.color_steps import (
    ColorStep,
    Contrast,
    brightness,
    saturation,
    shift,
)
from dataflow_image.imgaug.transforms.fusion import fuse

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


def test_crops_become_one_view_and_cancelled_flips_vanish() -> None:
    flip = FlipTransform(10, 10)
    crops = [CropTransform(1, 2, 8, 8), CropTransform(3, 1, 4, 4)]
    assert fuse([flip, flip, *crops]) == [CropTransform(4, 3, 4, 4)]


def test_a_nested_list_is_a_boundary() -> None:
    inner = TransformList([ColorTransform((COLORS[0],), clip=False)])
    assert fuse([inner, ColorTransform((COLORS[1],))]) == [inner, ColorTransform((COLORS[1],))]


class _Louder(ColorTransform):
    pass


def test_subclasses_are_left_alone() -> None:
    chain = [_Louder((COLORS[0],), clip=False), ColorTransform((COLORS[1],))]
    assert fuse(chain) == chain
