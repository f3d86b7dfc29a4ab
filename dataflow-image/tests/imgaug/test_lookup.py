"""Tables give the same on whatever looks them up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_image.imgaug.transforms import lookup
from dataflow_image.imgaug.transforms.color import ColorTransform
from dataflow_image.imgaug.transforms.color_steps import (
    Contrast,
    brightness,
    saturation,
    shift,
)
from dataflow_image.imgaug.transforms.lookup import is_fast, look_up

RNG = np.random.default_rng(0)
TABLE = RNG.permutation(256).astype(np.uint8)

IMAGES: dict[str, npt.NDArray[np.uint8]] = {
    "colour": RNG.integers(256, size=(31, 45, 3), dtype=np.uint8),
    "grey": RNG.integers(256, size=(31, 45), dtype=np.uint8),
    "one channel": RNG.integers(256, size=(31, 45, 1), dtype=np.uint8),
    "five channels": RNG.integers(256, size=(9, 4, 5), dtype=np.uint8),
    "a view": RNG.integers(256, size=(50, 60, 3), dtype=np.uint8)[5:40, 50:3:-2],
    "one pixel": np.full((1, 1, 3), 7, np.uint8),
}


@pytest.fixture(params=["stringzilla", "OpenCV"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    lookup._translate.cache_clear()
    if request.param == "OpenCV":
        monkeypatch.setitem(sys.modules, "stringzilla", None)
    else:
        pytest.importorskip("stringzilla")
    yield request.param
    lookup._translate.cache_clear()


@pytest.mark.parametrize("kind", IMAGES)
def test_values_are_looked_up(kind: str, way: str) -> None:
    img = IMAGES[kind]
    before = img.copy()
    np.testing.assert_array_equal(look_up(img, TABLE), TABLE[img])
    out = np.zeros(img.shape, np.uint8)
    assert np.shares_memory(look_up(img, TABLE, out), out)
    np.testing.assert_array_equal(out, TABLE[img])
    np.testing.assert_array_equal(img, before)
    assert is_fast() is (way == "stringzilla")


@pytest.mark.parametrize(
    "broken",
    [
        lambda *_, **__: None,
        lambda values, table: None,
        pytest.param(None, id="no such function"),
    ],
)
def test_another_release_is_not_trusted(
    broken: Callable[..., None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("stringzilla")
    if broken is not None:
        module.translate = broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stringzilla", module)
    lookup._translate.cache_clear()
    try:
        assert not is_fast()
        np.testing.assert_array_equal(look_up(IMAGES["grey"], TABLE), TABLE[IMAGES["grey"]])
    finally:
        lookup._translate.cache_clear()


@settings(max_examples=300, deadline=None)
@given(
    factor=st.floats(0, 3),
    offset=st.floats(-300, 300),
    by=st.floats(0, 3),
    kind=st.sampled_from([*IMAGES]),
)
def test_colours_by_table_are_those_by_arithmetic(
    factor: float, offset: float, by: float, kind: str
) -> None:
    img = IMAGES[kind]
    if img.ndim == 3 and img.shape[2] == 5:
        return
    steps = (brightness(factor), shift((offset,) * 3), Contrast(by))
    transform = ColorTransform(steps)
    expected: Any = cv2.transform(img, transform._matrix(img))
    np.testing.assert_array_equal(transform.apply_image(img), expected.reshape(img.shape))


def test_only_what_is_one_function_goes_by_table(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Any] = []

    def noted(img: Any, table: Any, out: Any) -> Any:
        used.append(table)
        return look_up(img, table, out)

    module = sys.modules[ColorTransform.__module__]
    monkeypatch.setattr(module, "look_up", noted)
    monkeypatch.setattr(module, "is_fast", lambda: True)
    img = IMAGES["colour"]
    ColorTransform((brightness(1.5),)).apply_image(img)
    assert len(used) == 1
    for step in (saturation(0.5), shift((1, 1, 2))):
        ColorTransform((step,)).apply_image(img)
    ColorTransform((brightness(1.5),)).apply_image(img.astype(np.float32))
    assert len(used) == 1
