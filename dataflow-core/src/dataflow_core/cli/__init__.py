"""The command line: `dataflow NAME`, where every name is an entry point of `dataflow.commands`.

A command is a function that typer understands, or a typer app. It raises a `DataFlowError` for
what the user can mend: that is shown as a message, without a traceback. `load_flow` finds the flow
that a command's MODULE:ATTRIBUTE names.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

from dataflow_core.cli.target import load_flow

__all__ = ["load_flow", "main"]

_EXTRA = {"rich", "typer"}


def main() -> None:
    """Run the `dataflow` script.

    Raises:
        SystemExit: always; 0 after success.
    """
    try:
        from dataflow_core.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        print(
            f"The dataflow command needs {error.name}: "
            'pip install "dataflow-core[cli]"  (Python code works without it)',
            file=sys.stderr,
        )
        raise SystemExit(1) from None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no µ gets a question mark, and not a traceback.
            stream.reconfigure(errors="replace")
    app(prog_name="dataflow")
