"""What a plugin should test of itself: what it yields, that it resumes, and that it is found."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from dataflow_csv_lines import CSVLines, ParseNumbers

from dataflow_core import DataFlow


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten lines: a number, its square, a word with a comma in it."""
    path = tmp_path / "table.csv"
    lines = [f'{n},{n * n},"word, {n} é"\n' for n in range(10)]
    path.write_text("".join(lines).removesuffix("\n"), encoding="utf-8")
    return path


def test_every_line_is_a_datapoint(table: Path) -> None:
    df = CSVLines(table)
    assert len(df) == 10
    assert df[3] == ["3", "9", "word, 3 é"]
    assert [dp[0] for dp in df] == [str(n) for n in range(10)]


def test_shuffled_lines_are_the_same_lines(table: Path) -> None:
    df = CSVLines(table, shuffle=True)
    df.reset_state(seed=1)
    first, second = list(df), list(df)
    assert first != second
    assert sorted(first) == sorted(second) == list(CSVLines(table))


def test_numbers_are_parsed_and_the_rest_is_kept(table: Path) -> None:
    assert list(ParseNumbers(CSVLines(table), [0, 1]))[3] == [3.0, 9.0, "word, 3 é"]


def test_what_is_no_number_is_an_error(table: Path) -> None:
    with pytest.raises(ValueError, match="word"):
        list(ParseNumbers(CSVLines(table), [2]))


@pytest.mark.parametrize("stop", range(11))
def test_it_resumes_at_every_line(table: Path, stop: int) -> None:
    def build() -> DataFlow:
        return ParseNumbers(CSVLines(table, shuffle=True), [0])

    whole, df, again = build(), build(), build()
    for flow in (whole, df):
        flow.reset_state(seed=5)
    running = iter(df)
    received = [next(running) for _ in range(stop)]
    again.load_state_dict(json.loads(json.dumps(df.state_dict())))
    assert received + list(again) == list(whole)


def test_it_is_found_by_name(table: Path) -> None:
    source = DataFlow.registry.get("csv_lines")
    assert source is CSVLines
    assert list(source(table).parse_numbers([1]))[2][1] == 4.0


def test_the_end_of_an_epoch_is_logged(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="dataflow_csv_lines")
    list(CSVLines(table))
    assert "epoch 0 ended at 10" in caplog.text
