"""What a name on the command line stands for: a flow, a database or a folder."""

from __future__ import annotations

import pkgutil
import sys
from pathlib import Path

from dataflow_core.errors import TargetError
from dataflow_core.flow import DataFlow
from dataflow_lmdb.folder import FilesInFolder
from dataflow_lmdb.location import locate
from dataflow_lmdb.serializer import LMDBSerializer
from dataflow_lmdb.source import LMDBData

#: For `codec`: keys and values as they are.
RAW = "raw"


def open_source(source: str, codec: str | None) -> DataFlow:
    """Return the flow that a name stands for, in its own order.

    Args:
        source: the path of an LMDB or of a folder; else "MODULE:ATTRIBUTE" or
            "path/to/file.py:ATTRIBUTE".
        codec: of an LMDB's values.

    Raises:
        TargetError: if there is nothing of that name.
    """
    if Path(source).exists():
        location = locate(source)
        if location.subdir and not location.file.exists():
            return FilesInFolder(source)
        if codec == RAW:
            return LMDBData(source, shuffle=False)
        return LMDBSerializer.load(source, shuffle=False, codec=codec)
    where, colon, attribute = source.rpartition(":")
    if not colon:
        raise TargetError(
            f"there is no file or folder {source!r}; a flow in Python is named"
            " MODULE:ATTRIBUTE or path/to/file.py:ATTRIBUTE"
        )
    return _flow_in_module(where, attribute)


def _flow_in_module(where: str, attribute: str) -> DataFlow:
    file = Path(where)
    folder, module = (file.parent, file.stem) if file.suffix == ".py" else (Path(), where)
    if file.suffix == ".py" and not file.is_file():
        raise TargetError(f"there is no file {where!r}")
    # As for `python script.py` and `python -m module`.
    sys.path.insert(0, str(folder.absolute()))
    try:
        found = pkgutil.resolve_name(f"{module}:{attribute}")
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise TargetError(f"{where}:{attribute} names nothing: {error}") from error
    flow = found() if callable(found) and not isinstance(found, DataFlow) else found
    if not isinstance(flow, DataFlow):
        raise TargetError(f"{where}:{attribute} is {flow!r:.60}, no DataFlow and no function for one")
    return flow
