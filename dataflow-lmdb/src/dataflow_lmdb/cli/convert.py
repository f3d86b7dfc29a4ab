"""`dataflow convert`: a flow, a folder or a database into a database or a folder."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dataflow_lmdb.cli.codec_option import CodecOption
from dataflow_lmdb.cli.target import open_source
from dataflow_lmdb.folder import write_folder
from dataflow_lmdb.location import FILE_SUFFIXES, locate
from dataflow_lmdb.serializer import LMDBSerializer


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="An LMDB, a folder of files, or a flow: MODULE:ATTRIBUTE or file.py:ATTRIBUTE.",
        ),
    ],
    destination: Annotated[
        str,
        typer.Argument(metavar="DST", help="NAME.lmdb: an LMDB; any other name: a folder."),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what was broken off, or begin.")
    ] = False,
    codec: CodecOption = None,
    workers: Annotated[
        int, typer.Option(min=0, help="How many workers run the flow; 0: this process alone.")
    ] = 0,
    backend: Annotated[str, typer.Option(help="What they are: thread, process, ...")] = "thread",
    seed: Annotated[int | None, typer.Option(min=0, help="Seeds the flow.")] = None,
    commit_every: Annotated[
        int, typer.Option(min=1, help="Datapoints between commits to an LMDB.")
    ] = 5000,
    progress: Annotated[
        bool | None, typer.Option(help="A progress bar; by default on a terminal.")
    ] = None,
) -> None:
    """Write one epoch of a flow, a folder or an LMDB into an LMDB or a folder.

    A datapoint of a folder is a file's name and its content. An LMDB is written in the codec that
    is safe to read. Nothing that is there is overwritten.
    """
    bar = sys.stderr.isatty() if progress is None else progress
    flow = open_source(source, codec)
    with flow.parallel(workers, backend=backend) if workers else flow as running:
        running.reset_state(seed)
        if _names_a_database(destination):
            count = LMDBSerializer.save(
                running, destination, commit_every, resume=resume, progress=bar
            )
        else:
            count = write_folder(running, destination, resume=resume, progress=bar)
    typer.echo(f"{count:,} datapoints are in {destination}")


def _names_a_database(destination: str) -> bool:
    return destination.endswith(FILE_SUFFIXES) or locate(destination).exists
