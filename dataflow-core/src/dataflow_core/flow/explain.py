"""A pipeline as a tree in text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dataflow_core.errors import UnknownLengthError

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow


class Row(NamedTuple):
    """A stage in the tree.

    Attributes:
        text: its label, behind the tree's branches.
        flow: the stage.
        place: where it runs, if a stage above says so.
    """

    text: str
    flow: DataFlow
    place: str | None


def explain(flow: DataFlow) -> str:
    """Return the tree of `flow`: each stage's label, its length, and where it runs."""
    rows = tree(flow)
    width = max(len(row.text) for row in rows) + 5
    return "\n".join(f"{row.text:<{width}}{_facts(row)}".rstrip() for row in rows)


def tree(flow: DataFlow) -> list[Row]:
    """Return the stages of a pipeline, each before its upstreams."""
    return _rows(flow, "", "", {})


def _rows(flow: DataFlow, head: str, below: str, where: Mapping[int, str]) -> list[Row]:
    where = {**where, **flow._placement()}
    rows = [Row(head + flow._label(), flow, where.get(id(flow)))]
    upstreams = flow._upstreams()
    for number, upstream in enumerate(upstreams, 1):
        last = number == len(upstreams)
        rows += _rows(
            upstream, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), where
        )
    return rows


def _facts(row: Row) -> str:
    try:
        length = f"length {len(row.flow)}"
    except UnknownLengthError:
        length = "length unknown"
    return f"{length:<16}in the {row.place}" if row.place else length
