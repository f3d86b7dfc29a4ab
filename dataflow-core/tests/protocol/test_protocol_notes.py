"""Notes on exceptions: where it happened, whatever the exception is, and where Python shows it."""

from __future__ import annotations

import dataclasses
import traceback
from typing import Any

import pytest

import dataflow_core as df
from dataflow_core.flow import failure


@dataclasses.dataclass(frozen=True)
class FrozenError(Exception):
    path: str


class TextlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def numbers(error: Exception) -> df.DataFlow:
    def fail(dp: Any) -> Any:
        if dp[0] == 2:
            raise error
        return dp

    return df.DataFromList([[number] for number in range(5)], shuffle=False).map(fail)


@pytest.mark.parametrize("error", [FrozenError("a"), TextlessError()])
def test_any_exception_keeps_its_type_and_gets_the_note(error: Exception) -> None:
    flow = numbers(error)
    with pytest.raises(type(error)) as raised:
        list(flow)
    assert raised.value is error
    assert "position 2" in str(getattr(error, "__notes__", ""))
    assert flow.state_dict()["position"] == 2


@pytest.mark.parametrize("error", [FrozenError("a"), TextlessError()])
def test_any_exception_can_be_skipped(error: Exception) -> None:
    with numbers(error).parallel(2, "thread", on_error="skip") as flow:
        assert list(flow) == [[0], [1], [3], [4]]


def test_where_tracebacks_show_no_notes_they_are_the_cause(monkeypatch: Any) -> None:
    monkeypatch.setattr(failure, "SHOWN", False)
    with pytest.raises(ValueError, match="two") as raised:
        list(numbers(ValueError("two")))
    shown = "".join(
        traceback.format_exception(ValueError, raised.value, raised.value.__traceback__)
    )
    assert "position 2" in shown.split("direct cause")[0]


def test_a_cause_of_its_own_stays(monkeypatch: Any) -> None:
    monkeypatch.setattr(failure, "SHOWN", False)
    error, cause = ValueError("two"), KeyError("one")
    error.__cause__ = cause
    with pytest.raises(ValueError, match="two") as raised:
        list(numbers(error))
    assert raised.value.__cause__ is cause
