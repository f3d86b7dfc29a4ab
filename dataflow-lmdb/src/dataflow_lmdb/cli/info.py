"""`dataflow info`: what is in this database?"""

from __future__ import annotations

from typing import Annotated

import typer

from dataflow_lmdb.cli.codec_option import RAW, CodecOption, usable_codec
from dataflow_lmdb.summary import Summary, summarize


def info(
    path: Annotated[str, typer.Argument(metavar="PATH", help="An LMDB: a folder or a file.")],
    codec: CodecOption = None,
    samples: Annotated[int, typer.Option(min=0, help="How many records to describe.")] = 3,
) -> None:
    """Tell what is in an LMDB: records, bytes, codec, and some datapoints."""
    summary = summarize(path, codec=usable_codec(codec), raw=codec == RAW, samples=samples)
    rows = {
        "records": f"{summary.records:,}",
        "bytes": f"{summary.file_bytes:,} in the file",
        "keys": f"{summary.first_key!r} ... {summary.last_key!r}",
        "values": _values(summary, codec),
        "written": _written(summary),
    }
    for name, text in rows.items():
        typer.echo(f"{name:<9}{text}")
    for index, lines in summary.samples.items():
        typer.echo(f"\n[{index}] " + "\n".join(lines))


def _values(summary: Summary, codec: str | None) -> str:
    if codec not in (None, RAW):
        return f"codec {codec!r}, as you say"
    if summary.meta is not None:
        return f"codec {summary.meta.codec!r}"
    return f"look like {summary.seems}" if summary.seems else "of unknown form"


def _written(summary: Summary) -> str:
    if summary.meta is None:
        return "by something else than LMDBSerializer"
    if summary.meta.complete:
        return "by LMDBSerializer, completely"
    remedy = "--resume goes on" if summary.meta.state is not None else "its flow cannot be resumed"
    return f"by LMDBSerializer, broken off; {remedy}"
