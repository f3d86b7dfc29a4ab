"""`dataflow serve`: a flow for receivers elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dataflow_core.cli import load_flow


def serve(  # noqa: PLR0913, PLR0917  one for each option
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A flow, or a function that returns one; path/to/file.py:ATTRIBUTE works too.",
        ),
    ],
    bind: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="Receivers connect to this: tcp://127.0.0.1:5555."),
    ] = None,
    connect: Annotated[
        str | None, typer.Option(metavar="ADDR", help="The address of a receiver that binds.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How many; without, as long as receivers ask.")
    ] = None,
    hwm: Annotated[
        int, typer.Option(min=1, help="Parcels under way to one receiver; bounds the memory.")
    ] = 50,
    state_file: Annotated[
        Path | None,
        typer.Option(help="Where it notes what has arrived: started again, it goes on there."),
    ] = None,
    server_keys: Annotated[
        Path | None,
        typer.Option(help="With --bind: its secret key; with --connect: the receiver's public."),
    ] = None,
    authorized_keys: Annotated[
        list[Path] | None,
        typer.Option(
            help="With --bind: public keys of those who may connect, files or folders, given as"
            " often as needed; with --connect: its secret key."
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow other machines' addresses without keys.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(min=0, help="After so many silent seconds a receiver is dead; 0: never."),
    ] = 30.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds the flow.")] = None,
    progress: Annotated[
        bool | None, typer.Option(help="A progress bar; by default on a terminal.")
    ] = None,
) -> None:
    """Serve a flow to receivers in other processes or on other machines.

    Each datapoint goes to one of them, in RemoteDataZMQ. Returns when all have arrived; Ctrl-C ends
    it before.
    """
    # Here, because the help imports every command.
    from dataflow_zmq import send_dataflow_zmq

    if bind is not None and connect is None:
        addr = bind
    elif connect is not None and bind is None:
        addr = connect
    else:
        raise typer.BadParameter("one of --bind ADDR and --connect ADDR is needed")
    bar = sys.stderr.isatty() if progress is None else progress
    with load_flow(target) as flow:
        if seed is not None:
            flow.reset_state(seed)
        typer.echo(flow.explain())
        typer.echo(f"{'serves at' if bind else 'sends to'} {addr}; Ctrl-C ends it")
        send_dataflow_zmq(
            flow,
            addr,
            hwm,
            bind=bind is not None,
            epochs=epochs,
            state_file=state_file,
            server_keys=server_keys,
            authorized_keys=_one_or_all(authorized_keys),
            insecure=insecure,
            timeout=timeout or None,
            progress=bar,
        )


def _one_or_all(files: list[Path] | None) -> Path | list[Path] | None:
    return files[0] if files and len(files) == 1 else files or None
