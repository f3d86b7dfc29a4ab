"""The records that a serializer writes about its database: `__meta__` and `__keys__`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataflow_core import codec
from dataflow_core.errors import CodecError
from dataflow_lmdb.errors import DamagedRecordError, NotAnLMDBError

#: Says in `__meta__` whose database it is.
FORMAT = "dataflow-lmdb"
VERSION = 1

#: The name of the codec that values are written in.
CODEC = "dataflow"

KEY_TEMPLATE = "{:08d}"


@dataclass(frozen=True)
class Meta:
    """What `__meta__` says.

    Attributes:
        records: how many datapoints have been committed.
        complete: whether the flow had come to its end.
        state: of the flow, behind the last committed datapoint; None if it has none to give, or
            if nothing is left to do.
        codec: the name of the codec of the values.
    """

    records: int
    complete: bool
    state: Mapping[str, object] | None = None
    codec: str = CODEC

    def dump(self) -> bytes:
        """Return the record."""
        return codec.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "codec": self.codec,
                "records": self.records,
                "complete": self.complete,
                "state": self.state,
            }
        )


def load_meta(record: bytes | None, path: str) -> Meta | None:
    """Return what the record `__meta__` says; None if there is none, or if another tool's it is.

    Raises:
        NotAnLMDBError: if it was written by a later version.
        DamagedRecordError: if it is ours and lacks something.
    """
    content = _decoded(record)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    if content.get("version") != VERSION:
        raise NotAnLMDBError(
            f"{path!r} has version {content.get('version')!r} of the serializer's format, this"
            f" dataflow-lmdb reads {VERSION}: upgrade dataflow-lmdb",
            path=path,
        )
    try:
        return Meta(content["records"], content["complete"], content["state"], content["codec"])
    except KeyError as error:
        raise DamagedRecordError(f"__meta__ of {path!r} lacks {error}", path=path) from error


def dump_keys(count: int) -> bytes:
    """Return `__keys__` for records whose keys follow from their number."""
    return codec.dumps({"template": KEY_TEMPLATE, "count": count})


def load_keys(record: bytes) -> tuple[str, int] | None:
    """Return (template, count) of a record that `dump_keys` made; None for any other.

    >>> load_keys(dump_keys(3))
    ('{:08d}', 3)
    """
    content = _decoded(record)
    if not isinstance(content, dict) or content.keys() != {"template", "count"}:
        return None
    return content["template"], content["count"]


def _decoded(record: bytes | None) -> Any:
    if record is None:
        return None
    try:
        return codec.loads(record)
    except CodecError:
        return None
