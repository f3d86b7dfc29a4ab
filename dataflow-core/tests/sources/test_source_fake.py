"""FakeData."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pipelines import outcome

import dataflow_core as df


def test_components_have_the_shapes_dtypes_and_domains_asked_for() -> None:
    flow = df.FakeData(
        [(4, 3), (), (2,)],
        5,
        dtype=["uint8", "int64", "float64"],
        domain=[(0, 256), (5, 7), (-1, 1)],
    )
    datapoints = list(flow)
    assert len(datapoints) == len(flow) == 5
    for image, label, point in datapoints:
        assert (image.shape, image.dtype) == ((4, 3), np.uint8)
        assert (label.shape, label.dtype) == ((), np.int64)
        assert label in (5, 6)
        assert (point.shape, point.dtype) == ((2,), np.float64)
        assert (point >= -1).all()
        assert (point < 1).all()


def test_by_default_there_are_1000_float32_datapoints_in_0_to_1() -> None:
    flow = df.FakeData([(3,)])
    assert len(flow) == 1000
    (array,) = next(iter(flow))
    assert array.dtype == np.float32
    assert (array >= 0).all()
    assert (array < 1).all()


def test_random_datapoints_differ_within_and_between_epochs_and_repeat_with_the_seed() -> None:
    flow = df.FakeData([(3,)], 4)
    flow.reset_state(1)
    first, second = outcome(flow), outcome(flow)
    assert len(set(first + second)) == 8
    flow.reset_state(1)
    assert outcome(flow) == first


def test_the_draws_fill_the_domain() -> None:
    flow = df.FakeData([(1000,)], 1, dtype="int32", domain=(-3, 3))
    (array,) = next(iter(flow))
    assert set(array.tolist()) == {-3, -2, -1, 0, 1, 2}


def test_not_random_hands_out_the_same_arrays() -> None:
    flow = df.FakeData([(3,), ()], 3, random=False)
    (one, two, three), (four, _, _) = list(flow), list(flow)
    assert one[0] is two[0] is three[0] is four[0]
    assert one is not two


def test_float32_stays_below_the_upper_end() -> None:
    (array,) = next(iter(df.FakeData([(200_000,)], 1, domain=(0.0, 1e-3))))
    assert array.max() < np.float32(1e-3)


def test_an_empty_flow_of_fake_data_is_fine() -> None:
    assert list(df.FakeData([(3,)], 0)) == []


@pytest.mark.parametrize(
    ("kwargs", "told"),
    [
        ({"dtype": ["uint8"]}, "2 shapes but 1 dtypes"),
        ({"domain": [(0, 1)] * 3}, "3 domains"),
        ({"domain": (1, 1)}, "low < high"),
        ({"domain": (2, 1)}, "low < high"),
        ({"size": -1}, "size"),
    ],
)
def test_what_does_not_fit_together_is_refused(kwargs: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        df.FakeData([(2,), ()], **kwargs)


def test_one_datapoint_can_be_read_by_itself() -> None:
    flow = df.FakeData([(2,)], 3)
    assert flow[1][0].tolist() == flow[1][0].tolist() != flow[2][0].tolist()


@pytest.mark.parametrize(
    ("dtype", "domain"), [("float16", (0, 1)), ("float16", (-1, 3)), ("float32", (1, 2))]
)
def test_the_domain_ends_below_its_upper_bound(dtype: str, domain: tuple[int, int]) -> None:
    low, high = domain
    size = 20_000 if dtype == "float16" else 40_000_000
    for (values,) in df.FakeData([[size]], 2, dtype=dtype, domain=domain):
        assert low <= values.min()
        assert values.max() < high
