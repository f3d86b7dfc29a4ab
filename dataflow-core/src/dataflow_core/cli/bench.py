"""`dataflow bench`: how fast is this pipeline?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dataflow_core.cli.measure import measure
from dataflow_core.cli.target import load_flow


def bench(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A flow, or a function that returns one; path/to/file.py:ATTRIBUTE works too.",
        ),
    ],
    size: Annotated[int, typer.Option(min=1, help="How many datapoints to time.")] = 5000,
    warmup: Annotated[int, typer.Option(min=0, help="How many to run before that.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds the flow.")] = None,
    progress: Annotated[
        bool | None, typer.Option(help="A progress bar; by default on a terminal.")
    ] = None,
) -> None:
    """Run a pipeline as fast as it goes, and tell its speed.

    The pipeline is run in epoch after epoch until enough datapoints have come out. Starting the
    workers counts unless there is a warm-up.
    """
    bar = sys.stderr.isatty() if progress is None else progress
    with load_flow(target) as flow:
        typer.echo(flow.explain())
        speed = measure(flow, size=size, warmup=warmup, seed=seed, progress=bar)
    parts = [f"{speed.datapoints_per_s:,.1f} datapoints/s"]
    if speed.bytes_per_s:
        parts.append(f"{speed.bytes_per_s / 1e6:,.1f} MB/s")
    typer.secho(", ".join(parts), bold=True)
