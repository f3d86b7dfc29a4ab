"""`dataflow info`: what is in this database?"""

from __future__ import annotations

from typing import Annotated

import typer

from dataflow_lmdb.cli.codec_option import RAW, CodecOption, usable_codec
from dataflow_lmdb.damage import find_damage
from dataflow_lmdb.errors import DamagedDatabaseError
from dataflow_lmdb.summary import Summary, summarize

_MAX_SHOWN = 20


def info(
    path: Annotated[str, typer.Argument(metavar="PATH", help="An LMDB: a folder or a file.")],
    codec: CodecOption = None,
    samples: Annotated[int, typer.Option(min=0, help="How many records to describe.")] = 3,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="First look for damaged pages, which reading could crash over."
        ),
    ] = False,
) -> None:
    """Tell what is in an LMDB: records, bytes, codec, and some datapoints."""
    if check:
        _refuse_if_damaged(path)
    summary = summarize(path, codec=usable_codec(codec), raw=codec == RAW, samples=samples)
    rows = {
        "records": f"{summary.records:,}",
        "bytes": f"{summary.file_bytes:,} in the file",
        "keys": f"{summary.first_key!r} ... {summary.last_key!r}",
        "values": _values(summary, codec),
        "written": _written(summary),
    }
    if check:
        rows["pages"] = "no damage found; LMDB has no checksums for what is in values"
    for name, text in rows.items():
        typer.echo(f"{name:<9}{text}")
    for index, lines in summary.samples.items():
        typer.echo(f"\n[{index}] " + "\n".join(lines))


def _refuse_if_damaged(path: str) -> None:
    count = 0
    for count, damage in enumerate(find_damage(path), 1):
        if count <= _MAX_SHOWN:
            typer.echo(str(damage))
    if count > _MAX_SHOWN:
        typer.echo(f"... and {count - _MAX_SHOWN:,} more")
    if count:
        raise DamagedDatabaseError(
            f"{path!r} is damaged: copy it again, or write it anew; what is left can be read by"
            " its keys, at the risk of a crash",
            path=path,
        )


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
