"""`dataflow doctor`: does this machine have what pipelines need?"""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from dataflow_core.cli.checks import Finding, findings
from dataflow_core.cli.table import show, table_of_texts

_STYLES = {"ok": "green", "note": "yellow", "broken": "bold red"}


def doctor() -> None:
    """Look whether plugins load, workers start and memory is shared; say what to do if not.

    Ends with status 1 if something is broken.
    """
    found = [*findings()]
    show(lambda is_terminal: _table(found, framed=is_terminal))
    if any(finding.verdict == "broken" for finding in found):
        raise typer.Exit(1)


def _table(found: Sequence[Finding], *, framed: bool) -> Table:
    table = table_of_texts(("looked at", "verdict", "found"), framed=framed)
    for finding in found:
        told = Text(finding.told)
        if finding.remedy:
            told.append(f"; {finding.remedy}", style="bold")
        verdict = Text(finding.verdict, style=_STYLES[finding.verdict])
        table.add_row(Text(finding.what), verdict, told)
    return table
