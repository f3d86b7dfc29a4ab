"""MixUp and CutMix mix images and labels by the same shares."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core import BatchData, ComponentError, DataFlow, DataFromList
from dataflow_image import CutMix, MixUp


def batches(
    count: int = 4, size: int = 4, shape: tuple[int, ...] = (20, 30, 3), dtype: str = "uint8"
) -> DataFlow:
    dps = [[np.full(shape, 60 * (n % size), dtype), n % size] for n in range(count * size)]
    return BatchData(DataFromList(dps, shuffle=False), size)


def one_hot(count: int) -> npt.NDArray[Any]:
    return np.eye(count, dtype=np.float32)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float32"])
def test_mixup_blends_images_as_it_blends_labels(dtype: str) -> None:
    flow = MixUp(batches(dtype=dtype), alpha=1.0, num_classes=4)
    flow.reset_state(seed=0)
    shares = []
    for images, labels in flow:
        share = labels[0, 0]
        np.testing.assert_allclose(
            labels, share * one_hot(4) + (1 - share) * np.roll(one_hot(4), 1, axis=0), atol=1e-6
        )
        values = 60.0 * np.arange(4)
        expected = share * values + (1 - share) * np.roll(values, 1)
        assert images.dtype == dtype
        assert labels.dtype == np.float32
        tolerance = {"float16": 0.1, "float32": 1e-3}.get(dtype, 0.5001)
        assert np.abs(images - expected[:, None, None, None]).max() <= tolerance
        shares.append(float(share))
    assert len(set(shares)) == 4


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30)])
def test_cutmix_cuts_as_much_as_its_labels_say(shape: tuple[int, ...]) -> None:
    flow = CutMix(batches(30, shape=shape), num_classes=4)
    flow.reset_state(seed=0)
    shares = []
    for images, labels in flow:
        for number in range(4):
            own, other = 60 * number, 60 * ((number - 1) % 4)
            assert set(np.unique(images[number])) <= {own, other}
            assert (images[number] == own).mean() == pytest.approx(labels[number, number], abs=1e-6)
        shares.append(labels[0, 0])
    assert np.ptp(shares) > 0.5


@pytest.mark.parametrize("mixing", [MixUp, CutMix])
@pytest.mark.parametrize("dtype", ["uint8", "float16"])
def test_a_batch_of_no_images_passes(mixing: type[MixUp | CutMix], dtype: str) -> None:
    batch = [np.zeros((0, 8, 9, 3), dtype), np.zeros(0, np.int64)]
    [[images, labels]] = mixing(DataFromList([batch]), num_classes=3)
    assert images.shape == (0, 8, 9, 3)
    assert images.dtype == dtype
    assert labels.shape == (0, 3)


def test_signatures_tell_the_usual_alpha() -> None:
    assert inspect.signature(MixUp).parameters["alpha"].default == 0.2
    assert inspect.signature(CutMix).parameters["alpha"].default == 1.0


def test_shares_follow_their_beta_distribution() -> None:
    flow = MixUp(batches(2000, size=1, shape=(1, 1)), alpha=0.4, index=0, num_classes=1)
    with pytest.raises(ValueError, match="alpha"):
        MixUp(batches(), alpha=0)
    drawn = []
    flow = MixUp(batches(1500, size=2, shape=(1, 1)), alpha=0.4, num_classes=2)
    flow.reset_state(seed=3)
    drawn = [labels[0, 0] for _, labels in flow]
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)).
    assert abs(np.mean(drawn) - 0.5) < 0.03
    assert abs(np.var(drawn) - 1 / (4 * 1.8)) < 0.02


def test_shares_of_classes_can_be_mixed_again() -> None:
    flow = CutMix(MixUp(batches(), num_classes=4))
    flow.reset_state(seed=0)
    for _, labels in flow:
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-5)


def test_draws_belong_to_the_position() -> None:
    flow = CutMix(batches(), num_classes=4)
    flow.reset_state(seed=5)
    first = [images for images, _ in flow]
    flow.reset_state(seed=5)
    iterator = iter(flow)
    next(iterator)
    state = flow.state_dict()
    again = CutMix(batches(), num_classes=4)
    again.load_state_dict(state)
    np.testing.assert_array_equal([images for images, _ in again], first[1:])


def test_upstreams_batches_stay_as_they_are() -> None:
    kept = [np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8), np.array([0, 1])]
    for kind in (MixUp, CutMix):
        flow = kind(DataFromList([kept], shuffle=False), num_classes=2)
        flow.reset_state(seed=1)
        list(flow)
        assert kept[0].ravel().tolist() == list(range(128))
        assert kept[1].tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["bool", "uint32", "int64", "uint64"])
def test_what_cannot_be_blended_is_refused_and_can_be_cut(dtype: str) -> None:
    images = np.arange(32).reshape(2, 4, 4).astype(dtype)
    flow = DataFromList([[images, np.array([0, 1])]], shuffle=False)
    with pytest.raises(ComponentError, match=f"images of {dtype}, .* put ToUint8 or ToFloat32"):
        list(MixUp(flow, num_classes=2))
    [[cut, _]] = CutMix(flow, num_classes=2)
    assert cut.dtype == dtype
    assert np.isin(cut, images).all()


def test_mistakes_are_named() -> None:
    with pytest.raises(ComponentError, match="num_classes="):
        list(MixUp(batches()))
    with pytest.raises(ComponentError, match="do not fit num_classes=3"):
        list(MixUp(batches(), num_classes=3))
    with pytest.raises(ComponentError, match="put BatchData before it"):
        list(MixUp(DataFromList([[np.zeros((4, 4)), 1]]), num_classes=3))
    with pytest.raises(ComponentError, match="labels are ints"):
        list(MixUp(DataFromList([[np.zeros((2, 4, 4)), ["a", "b"]]]), num_classes=3))
    with pytest.raises(ValueError, match="are both 0"):
        CutMix(batches(), label_index=0)
