"""`dataflow keygen`: a pair of keys for a side of a remote flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataflow_zmq.errors import RemoteRefusedError
from dataflow_zmq.remote.access.key_files import write_key_pair


def keygen(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the files are called: trainer, say.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where they go.")] = Path(),
) -> None:
    """Make a pair of keys: NAME.key, for the other side, and NAME.key_secret.

    Every machine makes its own. With keys, what travels is encrypted, and only who is on the list
    of the side that binds can connect to it. Nothing that is there is overwritten.
    """
    try:
        public, secret = write_key_pair(name, out)
    except (OSError, ValueError) as error:
        raise RemoteRefusedError(str(error)) from error
    typer.echo(f"{public}: give this to the other side")
    typer.echo(f"{secret}: for this side alone; nobody else may read it")
