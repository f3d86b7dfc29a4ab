"""Tables on the terminal, and in pipes."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

_UNBOUNDED = 10_000


def show(make: Callable[[bool], Table]) -> None:
    """Print a table; in a pipe, for grep and awk, one line a row, however long it gets.

    Args:
        make: is told whether there is a terminal, and returns the table.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_UNBOUNDED)
    console.print(make(console.is_terminal), soft_wrap=not console.is_terminal)
