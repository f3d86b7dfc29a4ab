"""The option `--codec`, which both commands have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from dataflow_lmdb.codecs import known_codecs
from dataflow_lmdb.errors import ForeignCodecError

CodecOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="What an LMDB's values are in, if something else wrote them: msgpack-numpy, or pickle,"
        " which runs whatever code its writer chose; raw takes keys and values as they are."
    ),
]


#: For `--codec`: keys and values as they are.
RAW = "raw"


def usable_codec(name: str | None) -> str | None:
    """Return what `LMDBSerializer.load` takes for `codec`.

    Raises:
        ForeignCodecError: if there is no such codec.
    """
    if name in (None, RAW):
        return None
    if name in known_codecs():
        return name
    raise ForeignCodecError(
        f"there is no codec {name!r}, only {', '.join([*known_codecs(), RAW])}", codec=str(name)
    )
