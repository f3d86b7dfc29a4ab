"""The `dataflow` script itself: its own options, and the commands that are installed."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from dataflow_core.cli.group import CommandGroup


def _print_version(wanted: bool) -> None:
    if wanted:
        # Here, because it takes a third of the time that numpy takes.
        from importlib.metadata import version

        typer.echo(f"dataflow-core {version('dataflow-core')}, Python {platform.python_version()}")
        raise typer.Exit


app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    # A traceback ends at the user's own line; frames and boxes around it are in the way.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def dataflow(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which one."),
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where an error comes from.")
    ] = False,
) -> None:
    """Exact and fast data loading.

    Plugins add commands of their own; "dataflow plugins" lists what is installed.
    """
