"""Tables on the terminal, and in pipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich import box
from rich.console import Console
from rich.table import Table

_UNBOUNDED = 10_000


def table_of_texts(headings: Iterable[str], *, framed: bool) -> Table:
    """Return an empty table; framed on a terminal, where texts are folded: half a name is no name.

    Args:
        headings: of its columns.
        framed: whether it is for a terminal.
    """
    table = Table(box=box.SIMPLE_HEAD if framed else None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=not framed)
    return table


def show(make: Callable[[bool], Table]) -> None:
    """Print a table; in a pipe, for grep and awk, one line a row, however long it gets.

    Args:
        make: is told whether there is a terminal, and returns the table.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_UNBOUNDED)
    console.print(make(console.is_terminal), soft_wrap=not console.is_terminal)
