"""What a datapoint's encoded form takes, told without encoding it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataflow_core.codec import dumps, weigh


@pytest.mark.parametrize(
    "datapoint",
    [
        [1, 2.5, None, True],
        [*range(1000)],
        ["a" * 5000, b"b" * 5000],
        {"image": np.zeros((100, 100, 3), "uint8"), "boxes": [[1.0, 2.0, 3.0, 4.0]] * 30},
        (np.zeros(1 << 20), [[[["deep" * 1000]]]]),
    ],
)
def test_the_weight_is_about_the_length(datapoint: Any) -> None:
    assert 0.4 < weigh(datapoint) / len(dumps(datapoint)) < 4


def test_what_holds_itself_is_weighed_in_no_time() -> None:
    datapoint: list[Any] = [1]
    datapoint += [datapoint, datapoint]
    assert weigh(datapoint) > 0
