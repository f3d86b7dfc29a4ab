"""`dataflow plugins`: what is installed, and does it load?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dataflow_core import hooks
from dataflow_core.cli.table import show, table_of_texts
from dataflow_core.discovery import DISABLE_VARIABLE, Entry
from dataflow_core.errors import BrokenPluginError
from dataflow_core.flow import DataFlow

_HEADINGS = ("kind", "name", "distribution", "version", "resolves to", "loads", "remark")
_STYLES = {"yes": "green", "no": "bold red", "": ""}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        entry: what is installed.
        loads: "yes", "no", or "" if nobody has tried.
        remark: why it does not load, or how to get it if others have its name.
    """

    entry: Entry
    loads: str
    remark: str


def plugins(
    load: Annotated[
        bool, typer.Option(help="Import everything to see whether it loads, or only list.")
    ] = True,
) -> None:
    """List what is installed: sources, operators, augmentors, backends, commands and hooks."""
    rows = examine((*DataFlow.registry.entries(), *hooks.entries()), load=load)
    show(lambda is_terminal: _table(rows, framed=is_terminal))
    disabled = os.environ.get(DISABLE_VARIABLE)
    if disabled:
        typer.echo(f"left out by {DISABLE_VARIABLE}: {disabled}", err=True)


def examine(entries: Iterable[Entry], *, load: bool = True) -> list[Row]:
    """Return a row for each entry, in their order.

    Args:
        entries: what is installed.
        load: whether to import each.

    Example:
        >>> [row] = examine([Entry("sources", "lines", "dataflow-csv", "1.0", "csv:writing")])
        >>> row.loads, row.remark
        ('no', "AttributeError: module 'csv' has no attribute 'writing'")
    """
    entries = tuple(entries)
    claims = Counter((entry.kind, entry.name) for entry in entries)
    return [
        _row(entry, load=load, contested=claims[entry.kind, entry.name] > 1) for entry in entries
    ]


def _row(entry: Entry, *, load: bool, contested: bool) -> Row:
    remarks = []
    # Hooks are called all together, never by name.
    if contested and entry.kind != "hooks":
        remarks.append(f"several claim the name: get('{entry.distribution}:{entry.name}')")
    loads = ""
    if load:
        loads = "yes"
        try:
            entry.load()
        except BrokenPluginError as error:
            loads = "no"
            remarks.insert(0, _one_line(error.__cause__ or error))
    return Row(entry, loads, "; ".join(remarks))


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _table(rows: Sequence[Row], *, framed: bool) -> Table:
    # The last column is left out where it would only take room.
    headings = _HEADINGS if any(row.remark for row in rows) else _HEADINGS[:-1]
    table = table_of_texts(headings, framed=framed)
    for row in rows:
        entry = row.entry
        cells = (
            Text(entry.kind),
            Text(entry.name, style="bold"),
            Text(entry.distribution or "(this program)"),
            Text(entry.version),
            Text(entry.value),
            Text(row.loads, style=_STYLES[row.loads]),
            Text(row.remark),
        )
        table.add_row(*cells[: len(headings)])
    return table
