from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dataflow_script import Script

pytest.importorskip("typer")

from typer.testing import CliRunner

import dataflow_core as df
from dataflow_core.cli.app import app
from dataflow_core.cli.measure import measure

FLOWS = """
import numpy as np
from dataflow_core import DataFromList, FakeData

arrays = FakeData([[250, 1000]], size=20, dtype="uint8").batch(2)
words = DataFromList([["a"], ["b"]])
empty = DataFromList([])

def fail(dp):
    raise ValueError(f"bad datapoint {dp[0]}")

failing = DataFromList([[1], [2]], shuffle=False).map(fail)
ragged = DataFromList([[np.zeros(1)], [np.zeros(2)]], shuffle=False).batch(2)
"""


@pytest.fixture
def flows(folder: Path) -> Path:
    (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("flows")
def test_it_tells_datapoints_and_megabytes_a_second() -> None:
    done = CliRunner().invoke(app, ["bench", "flows:arrays", "--size", "50", "--warmup", "3"])
    assert done.exit_code == 0, done.output
    *tree, result = done.stdout.splitlines()
    assert tree[0].startswith("BatchData(2)")
    found = re.fullmatch(r"([\d,.]+) datapoints/s, ([\d,.]+) MB/s", result)
    assert found
    datapoints, megabytes = (float(number.replace(",", "")) for number in found.groups())
    assert megabytes == pytest.approx(datapoints * 0.5, rel=0.01)


@pytest.mark.usefixtures("flows")
def test_without_arrays_there_are_no_megabytes() -> None:
    done = CliRunner().invoke(app, ["bench", "flows:words", "--size", "5"])
    assert re.fullmatch(r"[\d,.]+ datapoints/s", done.stdout.splitlines()[-1])


@pytest.mark.usefixtures("flows")
def test_the_bar_is_for_terminals_and_on_request(dataflow: Script) -> None:
    assert dataflow("bench", "flows:words", "--size=5").stderr == ""
    assert "5/5" in dataflow("bench", "flows:words", "--size=5", "--progress").stderr


@pytest.mark.usefixtures("flows")
def test_the_current_folder_is_searched_by_the_script_too(dataflow: Script) -> None:
    assert dataflow("bench", "flows:words", "--size=5").returncode == 0
    assert dataflow("bench", "flows.py:words", "--size=5").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["nowhere:flow"], 1, "error: there is no module 'nowhere'"),
        (["flows:wrods"], 1, "near it: words"),
        (["flows:empty"], 1, "no datapoints"),
        (["flows:ragged"], 1, "in stage BatchData(2)"),
        (["flows:words", "--size=0"], 2, "--size"),
    ],
)
@pytest.mark.usefixtures("flows")
def test_what_the_user_can_mend_is_told_without_a_traceback(
    dataflow: Script, arguments: list[str], status: int, told: str
) -> None:
    done = dataflow("bench", *arguments)
    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("flows")
def test_an_error_in_the_users_function_points_at_its_line(dataflow: Script) -> None:
    done = dataflow("bench", "flows:failing")
    assert done.returncode == 1
    assert re.search(r'flows\.py", line \d+, in fail', done.stderr)
    assert "ValueError: bad datapoint 1" in done.stderr


class Noting(df.RNGDataFlow):
    """Yields its draws, and remembers them."""

    def __init__(self) -> None:
        self.drawn: list[float] = []
        self.closed = False

    def get_data(self) -> Iterator[list[float]]:
        for _ in range(3):
            self.drawn.append(float(self.rng.random()))
            yield [self.drawn[-1]]


class TestMeasure:
    def test_a_seed_gives_the_same_datapoints(self) -> None:
        flows = [Noting() for _ in range(3)]
        for flow, seed in zip(flows, [7, 7, 8]):
            measure(flow, size=5, warmup=0, seed=seed, progress=False)
        assert flows[0].drawn == flows[1].drawn != flows[2].drawn

    def test_the_stream_is_that_of_the_flow_itself(self) -> None:
        flow, alone = Noting(), Noting()
        measure(flow, size=3, warmup=0, seed=7, progress=False)
        alone.reset_state(7)
        list(alone)
        assert flow.drawn == alone.drawn

    def test_warm_up_comes_on_top(self) -> None:
        flow = Noting()
        measure(flow, size=4, warmup=2, seed=0, progress=False)
        assert len(flow.drawn) == 6

    @pytest.mark.parametrize(
        ("datapoint", "expected"),
        [
            ([np.zeros((3, 4), "float32"), 1], 48),
            ({"image": b"12345", "boxes": [np.zeros(2), np.zeros(3)]}, 45),
            (("text", None, 1.5), 0),
            ([np.float32(1)], 4),
        ],
    )
    def test_arrays_and_bytes_have_weight(self, datapoint: object, expected: int) -> None:
        flow = df.DataFromList([datapoint])
        speed = measure(flow, size=2, warmup=0, progress=False)
        assert speed.bytes_per_datapoint == expected
        assert speed.bytes_per_s == pytest.approx(speed.datapoints_per_s * expected)
