"""`dataflow convert`: a flow, a folder or a database into a database or a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dataflow_core.flow import DataFlow
from dataflow_lmdb.cli.codec_option import CodecOption, usable_codec
from dataflow_lmdb.cli.target import RAW, open_source
from dataflow_lmdb.folder import write_folder
from dataflow_lmdb.location import FILE_SUFFIXES
from dataflow_lmdb.serializer import LMDBSerializer


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="An LMDB, a folder of files, or a flow: MODULE:ATTRIBUTE, path/to/file.py:ATTRIBUTE.",
        ),
    ],
    destination: Annotated[
        str,
        typer.Argument(metavar="DST", help="NAME.lmdb, an LMDB; NAME/, a folder of files."),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what was broken off, or begin.")
    ] = False,
    codec: CodecOption = None,
    workers: Annotated[
        int, typer.Option(min=0, help="How many workers run the flow; 0: this process alone.")
    ] = 0,
    backend: Annotated[str, typer.Option(help="What they are: process, thread, ...")] = "process",
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds the flow.")] = None,
    commit_every: Annotated[
        int, typer.Option(min=1, help="Datapoints between commits to an LMDB.")
    ] = 5000,
    progress: Annotated[
        bool | None, typer.Option(help="A progress bar; by default on a terminal.")
    ] = None,
) -> None:
    """Write one epoch of a flow, a folder or an LMDB into an LMDB or a folder.

    A folder's files are datapoints [name, content]. LMDBs are written in the safe codec; with
    `--codec raw` records are read as [key, value]. Nothing that is there is overwritten.
    """
    to_folder = destination.endswith(("/", "\\"))
    with _parallel(open_source(source, _readable(codec)), workers, backend) as flow:
        flow.reset_state(seed)
        bar = sys.stderr.isatty() if progress is None else progress
        if to_folder:
            count = write_folder(flow, destination, resume=resume, progress=bar)
        else:
            count = LMDBSerializer.save(
                flow, destination, commit_every, resume=resume, progress=bar
            )
    typer.echo(f"{count:,} datapoints are in {destination}")
