"""Conversion, normalisation, layout and the copy into a batch are one pass, and change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core import BatchData, DataFlow, DataFromList
from dataflow_core.collate import Rows
from dataflow_image import AugmentImageComponent, AugmentImageComponents, imgaug
from dataflow_image.imgaug.transforms import (
    CastTransform,
    ChannelsFirstTransform,
    NormalizeTransform,
)
from dataflow_image.imgaug.transforms.fusion import fuse

MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
SIDE = 96
DTYPES = [np.uint8, np.uint16, np.float32, np.float64, np.int64, np.bool_]


def noise(shape: tuple[int, ...], dtype: Any = np.uint8) -> npt.NDArray[Any]:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(dtype)


def tail(name: str) -> list[imgaug.ImageAugmentor]:
    tails: dict[str, list[imgaug.ImageAugmentor]] = {
        "cast": [imgaug.ToFloat32()],
        "normalize": [imgaug.Normalize(MEAN, STD)],
        "layout": [imgaug.ChannelsFirst()],
        "cast and layout": [imgaug.ToFloat32(), imgaug.ChannelsFirst()],
        "all": [imgaug.ToFloat32(), imgaug.Normalize(MEAN, STD), imgaug.ChannelsFirst()],
        "cast last": [imgaug.Normalize(MEAN, STD), imgaug.ToFloat32(), imgaug.ChannelsFirst()],
        "grey": [imgaug.Grayscale(), imgaug.Normalize(100, 50), imgaug.ChannelsFirst()],
        "colour": [],
    }
    return tails[name]


TAILS = ("cast", "normalize", "layout", "cast and layout", "all", "cast last", "grey", "colour")


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_fused_and_unfused_are_equal_to_the_last_bit(name: str, dtype: Any) -> None:
    image = noise((40, 50, 3), dtype)
    augmentors = [imgaug.CenterCrop((30, 41)), *tail(name)]
    fused, unfused = (imgaug.AugmentorList(augmentors, fuse) for fuse in (True, False))
    result, expected = fused.augment(image), unfused.augment(image)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@given(
    channels=st.sampled_from([None, 1, 2, 3, 4, 7]),
    dtype=st.sampled_from(DTYPES),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
)
def test_the_layout_is_a_transposed_copy(
    channels: int | None, dtype: Any, height: int, width: int
) -> None:
    image = noise((height + 1, width + 2, *(() if channels is None else (channels,))), dtype)
    window = image[1:, 2:]
    result = ChannelsFirstTransform().apply_image(window)
    expected = np.moveaxis(np.atleast_3d(window), 2, 0)
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, image)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, expected)
    spec = ChannelsFirstTransform().spec_after(imgaug.ImageSpec.of(window))
    assert spec == imgaug.ImageSpec.of(result)
    normalize = NormalizeTransform((3.0,), (2.0,), channels_first=True)
    np.testing.assert_array_equal(
        normalize.apply_image(window),
        np.moveaxis(np.atleast_3d(NormalizeTransform((3.0,), (2.0,)).apply_image(window)), 2, 0),
    )
    assert normalize.spec_after(imgaug.ImageSpec.of(window)).shape == result.shape


def test_a_whole_tail_is_one_transform() -> None:
    cast, normalize = CastTransform("float32"), NormalizeTransform(MEAN, STD)
    one = [NormalizeTransform(MEAN, STD, channels_first=True)]
    assert fuse([cast, normalize, cast, ChannelsFirstTransform()]) == one


def test_normalisation_is_the_formula() -> None:
    image = noise((20, 30, 3))
    augmentors = imgaug.AugmentorList([imgaug.Normalize(MEAN, STD), imgaug.ChannelsFirst()])
    expected = ((image - np.array(MEAN)) / np.array(STD)).transpose(2, 0, 1)
    np.testing.assert_allclose(augmentors.augment(image), expected, atol=1e-6)


@pytest.mark.parametrize(
    "layout",
    [
        imgaug.ChannelsFirst(),
        imgaug.AugmentorList([imgaug.Normalize(1, 2), imgaug.ChannelsFirst()]),
        imgaug.RandomApplyAug(imgaug.AugmentorList([imgaug.ChannelsFirst()]), 0.5),
        imgaug.RandomChooseAug([imgaug.Identity(), imgaug.ChannelsFirst()]),
        imgaug.RandomOrderAug([imgaug.ChannelsFirst()]),
    ],
    ids=lambda layout: type(layout).__name__,
)
def test_nothing_may_come_after_the_layout(layout: imgaug.ImageAugmentor) -> None:
    flip = imgaug.Flip(horiz=True)
    imgaug.AugmentorList([flip, layout])
    imgaug.AugmentorList([flip, imgaug.AugmentorList([flip, layout])])
    with pytest.raises(ValueError, match="AugmentorList: ChannelsFirst must be the last"):
        imgaug.AugmentorList([layout, flip])
    with pytest.raises(ValueError, match="RandomOrderAug: ChannelsFirst must be the last"):
        imgaug.RandomOrderAug([flip, layout])


def test_boxes_are_clipped_to_an_image_whose_channels_come_first() -> None:
    flow = AugmentImageComponents(
        DataFromList([[noise((20, 30, 3)), [[-5.0, 2.0, 99.0, 99.0]]]]),
        [imgaug.Normalize(1, 2), imgaug.ChannelsFirst()],
        index=0,
        box_index=1,
    )
    [(image, boxes)] = list(flow)
    assert image.shape == (3, 20, 30)
    assert boxes.tolist() == [[0.0, 2.0, 30.0, 20.0]]


def augmented(name: str, *, remainder: bool = False, failing: bool = False) -> DataFlow:
    images = [[noise((SIDE + 10 + n, SIDE + 20, 3)), n] for n in range(11)]
    augmentors = [
        *([FailsOften()] if failing else []),
        imgaug.RandomCrop(SIDE),
        imgaug.ColorJitter(0.4, 0.4, 0.4),
        imgaug.Flip(horiz=True),
        *tail(name),
    ]
    flow = DataFromList(images, shuffle=True)
    return AugmentImageComponent(flow, augmentors, catch_exceptions=failing)


class FailsOften(imgaug.ImageAugmentor):
    """Raises for about a third of the datapoints, as its draws will have it."""

    def get_transform(self, img: npt.NDArray[Any]) -> imgaug.Transform:
        if self.rng.random() < 1 / 3:
            raise ValueError("not this one")
        return imgaug.NoOpTransform()


def once(flow: DataFlow) -> list[Any]:
    flow.reset_state(seed=5)
    return list(flow)


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("remainder", [False, True])
@pytest.mark.parametrize("backend", ["thread", "process"])
@pytest.mark.parametrize("name", ["all", "grey", "colour"])
def test_batches_are_the_stacked_images_wherever_they_are_made(
    name: str, backend: str, remainder: bool, failing: bool
) -> None:
    alone = once(augmented(name, failing=failing))
    expected = [alone[first : first + 4] for first in range(0, len(alone), 4)]
    if not remainder:
        expected = [batch for batch in expected if len(batch) == 4]
    with BatchData(augmented(name, failing=failing), 4, remainder).parallel(
        2, backend=backend
    ) as flow:
        batches = once(flow)
    assert len(batches) == len(expected)
    for (images, numbers), members in zip(batches, expected):
        assert numbers.tolist() == [number for _, number in members]
        np.testing.assert_array_equal(images, [image for image, _ in members])


@pytest.mark.parametrize("name", ["all", "normalize", "cast and layout", "colour"])
def test_images_are_written_straight_into_their_batch(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    whole = Rows.whole

    def noted(rows: Rows, values: Any) -> Any:
        batch = whole(rows, values)
        found.append(batch is not None)
        return batch

    monkeypatch.setattr(Rows, "whole", noted)
    with BatchData(augmented(name), 4).parallel(2, backend="thread") as flow:
        once(flow)
    assert found == [True, True]


def test_images_that_are_kept_are_those_of_no_later_batch() -> None:
    with BatchData(augmented("all"), 2).parallel(2, backend="thread") as flow:
        flow.reset_state(seed=5)
        kept = [batch for _ in range(3) for batch in flow]
        copies = [images.copy() for images, _ in kept]
        once(flow)
    for (images, _), copy in zip(kept, copies):
        np.testing.assert_array_equal(images, copy)


def test_the_upstreams_image_is_neither_written_to_nor_handed_out() -> None:
    image = noise((SIDE, SIDE, 3), np.float32)
    before = image.copy()
    for name in TAILS:
        [(result,)] = list(AugmentImageComponent(DataFromList([[image]]), tail(name)))
        assert not np.shares_memory(result, image)
    np.testing.assert_array_equal(image, before)
