"""PrintData and TestDataSpeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dataflow_core as df


def noting(seen: list[Any]) -> Callable[[Any], Any]:
    """Return the identity that notes what it is given."""

    def identity(dp: Any) -> Any:
        seen.append(dp)
        return dp

    return identity


def source() -> df.DataFlow:
    items = [
        [np.arange(6, dtype="uint8").reshape(2, 3), {"label": n, "name": "x" * 30}]
        for n in range(4)
    ]
    return df.DataFromList(items, shuffle=False)


def test_type_shape_dtype_and_range_of_the_first_datapoints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flow = source().print(2, name="input")
    assert len(list(flow)) == len(flow) == 4
    printed = capsys.readouterr().out
    assert printed.count("input, datapoint") == 2
    assert "list of 2" in printed
    assert "shape (2, 3), dtype uint8, range [0, 5]" in printed
    assert "label: int, 1" in printed
    assert "label: int, 2" not in printed
    assert "length 30, 'xxxxxxxxxxxxxxxxxxxx'..." in printed


def test_the_first_of_the_run_not_of_every_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    flow = source().print()
    list(flow)
    list(flow)
    assert capsys.readouterr().out.count("datapoint 0") == 1
    flow.reset_state()
    list(flow)
    assert capsys.readouterr().out.count("datapoint 0") == 1


def test_without_a_name_the_upstream_is_the_heading(capsys: pytest.CaptureFixture[str]) -> None:
    list(source().print())
    assert "DataFromList(4 items, shuffle=False), datapoint 0" in capsys.readouterr().out


def test_lists_and_depth_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    flow = df.DataFromList([[list(range(10)), [[[[1]]]]]], shuffle=False)
    list(df.PrintData(flow, max_depth=2, max_list=3))
    printed = capsys.readouterr().out
    assert "... 7 more" in printed
    assert "2: int, 2" in printed
    assert "3: int, 3" not in printed
    assert "int, 1\n      " not in printed


def test_arrays_without_range_and_odd_values_are_printed_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    items = [[np.zeros((0, 3)), np.array(["a"]), None, b"\0", np.float32(1.5), True]]
    list(df.PrintData(df.DataFromList(items)))
    printed = capsys.readouterr().out
    assert "shape (0, 3), dtype float64\n" in printed
    assert "None" in printed


def test_datapoints_pass_unchanged() -> None:
    item = [1]
    assert next(iter(df.PrintData(df.DataFromList([item]), 0))) is item


def test_speed_counts_over_epochs_and_is_positive() -> None:
    calls: list[int] = []
    flow = df.DataFromList(list(range(10))).map(noting(calls))
    assert df.TestDataSpeed(flow, size=25, warmup=3).start(progress=False) > 0
    assert len(calls) == 28


def test_speed_shows_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    df.TestDataSpeed(df.DataFromList([1, 2]), size=5).start()
    assert "5/5" in capsys.readouterr().err


def test_speed_of_nothing_is_an_error() -> None:
    with pytest.raises(df.EmptyDataFlowError, match="no datapoints to time"):
        df.TestDataSpeed(df.DataFromList([])).start(progress=False)


def test_pytest_does_not_collect_the_speed_test() -> None:
    assert df.TestDataSpeed.__test__ is False
