"""The books: counts, the bound on skipped datapoints, and the file of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataflow_core.errors import TooManyErrorsError
from dataflow_core.parallel.engine.ledger import Counts, Ledger
from dataflow_core.parallel.task import Draws, Failure, Result, Skipped, Task

DRAWS = Draws(1, 3)


def skipped(position: int) -> Skipped:
    return Skipped(position, "MapData(f)", "ValueError: no", "Traceback ...")


def booked(
    ledger: Ledger, first: int, fates: str, *, failure: Failure | None = None, retried: int = 0
) -> Result:
    """Book a task whose datapoints were kept (k), dropped (d) or skipped (s)."""
    positions = [*range(first, first + len(fates))]
    kept = [p for p, fate in zip(positions, fates) if fate == "k"]
    result = Result(first, [f"dp {p}" for p in kept], kept, failure=failure, retried=retried)
    result.skipped = [skipped(p) for p, fate in zip(positions, fates) if fate == "s"]
    return ledger.take(Task(first, DRAWS, positions, positions), result)


@given(st.lists(st.text("kds", max_size=9), max_size=9))
def test_what_went_in_came_out_was_dropped_or_was_skipped(tasks: list[str]) -> None:
    counts, first = Counts(), 0
    ledger = Ledger(counts, None, None, 3)
    for fates in tasks:
        booked(ledger, first, fates, retried=1)
        first += len(fates)
    fates = "".join(tasks)
    booked_here = {
        "datapoints_in": len(fates),
        "datapoints_out": fates.count("k"),
        "dropped": fates.count("d"),
        "skipped": fates.count("s"),
        "retries": len(tasks),
        "tasks": len(tasks),
    }
    assert asdict(counts) == dict.fromkeys(asdict(counts), 0) | booked_here


def test_several_runs_add_to_the_same_counts_but_each_has_a_bound_of_its_own() -> None:
    counts = Counts()
    for run in range(3):
        result = booked(Ledger(counts, 1, None, run), 0, "ks")
        assert result.failure is None
    assert (counts.datapoints_in, counts.skipped) == (6, 3)


def test_one_more_than_allowed_fails_after_the_datapoints_before_it() -> None:
    ledger = Ledger(Counts(), 2, None, 3)
    assert booked(ledger, 0, "kss").failure is None
    result = booked(ledger, 3, "kdkskk")
    assert result.failure is not None
    error = result.failure.error
    assert isinstance(error, TooManyErrorsError)
    assert error.skipped == 3
    assert "position 6 in stage MapData(f), because of ValueError: no" in str(error)
    assert result.failure.traceback_text == "Traceback ..."
    assert (result.outputs, result.positions) == (["dp 3", "dp 5"], [3, 5])


def test_none_may_be_skipped_where_none_is_allowed() -> None:
    for bound in (0, 0.0):
        assert booked(Ledger(Counts(), bound, None, 3), 0, "s").failure is not None


def fails_at(fates: str, cuts: list[int], bound: float) -> list[int]:
    """Return the positions that come out before too many were skipped, all if never."""
    ledger = Ledger(Counts(), bound, None, 3)
    seen: list[int] = []
    edges = sorted({0, len(fates), *(cut % (len(fates) + 1) for cut in cuts)})
    for first, end in pairwise(edges):
        result = booked(ledger, first, fates[first:end])
        seen += result.positions
        if result.failure is not None:
            break
    return seen


@given(
    st.text("kkkds", min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=8),
    st.one_of(st.integers(0, 5), st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5, 1.0])),
)
@example("sskkkkkkk", [], 0.25)
def test_where_a_run_ends_does_not_depend_on_how_datapoints_share_tasks(
    fates: str, cuts: list[int], bound: float
) -> None:
    assert fails_at(fates, cuts, bound) == fails_at(fates, [*range(len(fates))], bound)


def test_a_fraction_allows_a_single_one_from_the_beginning_and_then_its_share() -> None:
    assert fails_at("s" + "k" * 30, [], 0.1) == [*range(1, 31)]
    assert fails_at("ks" + "k" * 30, [], 0.1)[-1] == 31
    assert fails_at("ks" + "k" * 8 + "s" + "k" * 5, [], 0.1) == [0, *range(2, 10)]
    assert fails_at("ks" + "k" * 17 + "s" + "k" * 5, [], 0.1)[-1] == 24


def test_a_line_of_json_is_written_for_each_skipped_datapoint(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("a line from before\n")
    ledger = Ledger(Counts(), None, path, 3)
    booked(ledger, 10, "kk")
    booked(ledger, 12, "sks")
    lines = path.read_text().splitlines()
    assert lines[0] == "a line from before"
    assert [json.loads(line) for line in lines[1:]] == [
        {
            "epoch": 3,
            "position": position,
            "stage": "MapData(f)",
            "error": "ValueError: no",
            "traceback": "Traceback ...",
        }
        for position in (12, 14)
    ]


def test_the_last_one_that_was_too_many_is_written_down_too_and_none_after_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bad.jsonl"
    booked(Ledger(Counts(), 1, path, 3), 0, "ssss")
    assert [json.loads(line)["position"] for line in path.read_text().splitlines()] == [0, 1]


def test_without_errors_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    booked(Ledger(Counts(), None, path, 3), 0, "kdk")
    assert not path.exists()


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        booked(Ledger(Counts(), None, tmp_path / "nowhere" / "bad.jsonl", 3), 0, "s")
