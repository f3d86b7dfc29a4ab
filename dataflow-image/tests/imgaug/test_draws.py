"""Single numbers are drawn from exactly the range that was asked for, evenly."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataflow_image.imgaug import GoogleNetRandomCropAndResize, RandomCrop, TransformList
from dataflow_image.imgaug.draws import index_below, integer, uniform
from dataflow_image.imgaug.transforms import CropTransform, GaussianNoiseTransform

BELOW_ONE = math.nextafter(1.0, 0.0)
MANY = 20_000


@given(count=st.integers(1, 2**40))
def test_no_draw_reaches_the_count(count: int) -> None:
    assert index_below(count, BELOW_ONE) == count - 1
    assert index_below(count, 0.0) == 0


def test_ints_are_all_as_likely() -> None:
    rng = np.random.default_rng(0)
    counts = np.bincount([integer(rng, 3, 8) for _ in range(MANY)], minlength=8)
    assert counts[:3].sum() == 0
    # Five standard deviations of a binomial count.
    assert np.abs(counts[3:] - MANY / 5).max() < 5 * math.sqrt(MANY * 0.2 * 0.8)


def test_floats_fill_their_range() -> None:
    rng = np.random.default_rng(0)
    draws = [uniform(rng, -2.0, 6.0) for _ in range(MANY)]
    assert min(draws) >= -2.0
    assert max(draws) < 6.0
    assert abs(float(np.mean(draws)) - 2.0) < 5 * 8 / math.sqrt(12 * MANY)


def test_crops_lie_anywhere_in_the_image_and_nowhere_else() -> None:
    crop = RandomCrop((3, 5))
    crop.reset_state(0)
    image = np.zeros((5, 8), np.uint8)
    places = {(t.y0, t.x0) for t in (crop.get_transform(image) for _ in range(500))}
    assert places == {(y, x) for y in range(3) for x in range(4)}


def test_googlenets_windows_have_uniform_areas_and_ratios_where_all_of_them_fit() -> None:
    augmentor = GoogleNetRandomCropAndResize((0.1, 0.2), (0.5, 2.0))
    augmentor.reset_state(0)
    image = np.zeros((1000, 1000), np.uint8)
    windows = []
    for _ in range(2000):
        drawn = augmentor.get_transform(image)
        assert isinstance(drawn, TransformList)
        window = drawn.tfms[0]
        assert isinstance(window, CropTransform)
        windows.append((window.h, window.w, window.y0, window.x0))
    h, w, y, x = np.array(windows).T
    for values, low, high in (
        (h * w / 1e6, 0.1, 0.2),
        (w / h, 0.5, 2.0),
        ((y + 0.5) / (1001 - h), 0.0, 1.0),
        ((x + 0.5) / (1001 - w), 0.0, 1.0),
    ):
        # Kolmogorov's distance of 2,000 numbers is below this in all but one of 10^5 samples.
        share = np.sort((values - low) / (high - low))
        distance = np.abs(share - (np.arange(len(share)) + 0.5) / len(share)).max()
        assert distance < 2.5 / math.sqrt(len(share))


def test_noise_is_normal_and_independent() -> None:
    grey = np.full((600, 501), 100.0, np.float64)
    noise = GaussianNoiseTransform(10.0, seed=3, clip=False).apply_image(grey) - 100.0
    scaled = np.sort(noise.ravel() / 10.0)
    # Kolmogorov's distance, as above.
    expected = (np.arange(scaled.size) + 0.5) / scaled.size
    normal = np.array([0.5 * (1.0 + math.erf(x / math.sqrt(2.0))) for x in scaled[::50]])
    assert np.abs(normal - expected[::50]).max() < 2.5 / math.sqrt(scaled.size)
    flat = noise.ravel() / 10.0
    for lag in (1, 501, flat.size // 2, flat.size // 2 + 1):
        assert abs(float(np.mean(flat[:-lag] * flat[lag:]))) < 5.0 / math.sqrt(flat.size - lag)


def test_noise_of_uint8_images_is_that_of_floats_rounded() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 31, 3), np.uint8)
    tfm = GaussianNoiseTransform(20.0, seed=3)
    expected = tfm.apply_image(image.astype(np.float32))
    assert np.abs(tfm.apply_image(image) - expected).max() <= 0.5001
