"""What a name on the command line stands for: a flow, a database or a folder."""

from __future__ import annotations

from pathlib import Path

from dataflow_core.cli import load_flow
from dataflow_core.errors import TargetError
from dataflow_core.flow import DataFlow
from dataflow_lmdb.cli.codec_option import RAW, usable_codec
from dataflow_lmdb.folder import FilesInFolder
from dataflow_lmdb.location import locate
from dataflow_lmdb.serializer import LMDBSerializer
from dataflow_lmdb.source import LMDBData


def open_source(source: str, codec: str | None) -> DataFlow:
    """Return the flow that a name stands for, in its own order.

    Args:
        source: the path of an LMDB or of a folder; else "MODULE:ATTRIBUTE" or
            "path/to/file.py:ATTRIBUTE".
        codec: of an LMDB's values; RAW for records as they are.

    Raises:
        TargetError: if there is nothing of that name.
        LMDBError: if the LMDB or the folder cannot be read.
    """
    if Path(source).exists():
        location = locate(source)
        if location.subdir and not location.file.exists():
            _refuse_codec(source, codec)
            return FilesInFolder(source)
        if codec == RAW:
            return LMDBData(source, shuffle=False)
        return LMDBSerializer.load(source, shuffle=False, codec=usable_codec(codec))
    if ":" not in source:
        raise TargetError(
            f"there is no file or folder {source!r}; a flow in Python is named"
            " MODULE:ATTRIBUTE or path/to/file.py:ATTRIBUTE"
        )
    _refuse_codec(source, codec)
    return load_flow(source)


def _refuse_codec(source: str, codec: str | None) -> None:
    if codec is not None:
        raise TargetError(f"--codec says what an LMDB's values are in, and {source!r} is no LMDB")
