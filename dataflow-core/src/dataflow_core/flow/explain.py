"""A pipeline as a tree in text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dataflow_core.errors import UnknownLengthError

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow


def explain(flow: DataFlow) -> str:
    """Return the tree of `flow`: each stage's label, its length, and where it runs."""
    rows = _rows(flow, "", "", {})
    width = max(len(stage) for stage, _ in rows) + 5
    return "\n".join(f"{stage:<{width}}{facts}".rstrip() for stage, facts in rows)


def _rows(flow: DataFlow, head: str, below: str, where: Mapping[int, str]) -> list[tuple[str, str]]:
    where = {**where, **flow._placement()}
    rows = [(head + flow._label(), _facts(flow, where))]
    upstreams = flow._upstreams()
    for number, upstream in enumerate(upstreams, 1):
        last = number == len(upstreams)
        rows += _rows(
            upstream, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), where
        )
    return rows


def _facts(flow: DataFlow, where: Mapping[int, str]) -> str:
    try:
        length = f"length {len(flow)}"
    except UnknownLengthError:
        length = "length unknown"
    place = where.get(id(flow))
    return f"{length:<16}in the {place}" if place else length
