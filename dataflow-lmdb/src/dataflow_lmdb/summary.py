"""What is in a database, without reading more of it than a few records."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dataflow_lmdb.codecs import looks_like
from dataflow_lmdb.database import META_KEY, share
from dataflow_lmdb.datum import parse_datum
from dataflow_lmdb.errors import UnfinishedDatabaseWarning
from dataflow_lmdb.location import PathLike, locate_existing
from dataflow_lmdb.meta import Meta, load_meta
from dataflow_lmdb.records import LMDBRecords
from dataflow_lmdb.source import LMDBData

_IMAGES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"RIFF": "WebP",
}
_MAX_TEXT = 60


@dataclass(frozen=True)
class Summary:
    """What is in a database.

    Attributes:
        path: as it was given.
        records: how many datapoints there are.
        file_bytes: the size of the file.
        meta: what LMDBSerializer noted; None if something else wrote the database.
        seems: what the values of others seem to be; empty if that is not known.
        first_key: of the first record.
        last_key: of the last one.
        samples: lines that describe some records, by their index.
    """

    path: str
    records: int
    file_bytes: int
    meta: Meta | None
    seems: str
    first_key: bytes
    last_key: bytes
    samples: dict[int, list[str]]


def summarize(
    path: PathLike, *, codec: str | None = None, raw: bool = False, samples: int = 3
) -> Summary:
    """Look into a database.

    Args:
        path: a directory with a `data.mdb`, or a single file.
        codec: what the values are in, as of LMDBSerializer.load(). Without it, those that something
            else wrote are described as [key, value].
        raw: describe keys and values as they are, whoever wrote them.
        samples: how many records to describe.

    Raises:
        LMDBError: if there is no LMDB, an empty one, or one that cannot be read.
    """
    location = locate_existing(path)
    with share(path) as lease:
        meta = load_meta(lease.database.get(META_KEY), location.path)
    keys = LMDBData(path, shuffle=False, codec=codec)
    with keys, warnings.catch_warnings():
        # It is in the summary.
        warnings.simplefilter("ignore", UnfinishedDatabaseWarning)
        decoded = not raw and (meta is not None or codec is not None)
        flow = LMDBRecords(path, shuffle=False, codec=codec) if decoded else keys
        with flow:
            (first_key, first), (last_key, _) = keys[0], keys[len(keys) - 1]
            return Summary(
                location.path,
                len(keys),
                location.file.stat().st_size,
                meta,
                "" if meta or codec else _seeming(first),
                first_key,
                last_key,
                {index: [*describe(flow[index])] for index in _spread(samples, len(keys))},
            )


def describe(value: Any, name: str = "") -> Iterator[str]:
    r"""Yield a line for a value and for each component in it.

    >>> print(*describe([np.zeros((2, 3), np.uint8), "cat", {"id": 7}]), sep="\n")
    list of 3
      [0] uint8 array (2, 3)
      [1] str 'cat'
      [2] dict of 1
        ['id'] int 7
    """
    prefix = f"{name} " if name else ""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, (np.ndarray, np.generic)):
        text = f"{value.dtype} array {value.shape}" if value.ndim else f"{value.dtype} {value}"
    elif isinstance(value, (bytes, bytearray)):
        form = _image_form(bytes(value[:4]))
        text = f"{type(value).__name__}, {len(value):,} of them{f', {form}' if form else ''}"
    elif isinstance(value, (list, tuple)):
        text = f"{type(value).__name__} of {len(value)}"
        parts = [(f"[{index}]", part) for index, part in enumerate(value)]
    elif isinstance(value, dict):
        text = f"dict of {len(value)}"
        parts = [(f"[{key!r}]", part) for key, part in value.items()]
    else:
        shown = repr(value)
        text = f"{type(value).__name__} {shown[:_MAX_TEXT]}{'...' * (len(shown) > _MAX_TEXT)}"
    yield prefix + text
    for part_name, part in parts:
        yield from (f"  {line}" for line in describe(part, part_name))


def _seeming(value: bytes) -> str:
    form = _image_form(value[:4])
    if form:
        return f"{form} files"
    likely = looks_like(value)
    if likely:
        return f"codec {likely!r}"
    try:
        datum = parse_datum(value)
    except ValueError:
        return ""
    return "Datums of Caffe" if datum.data or datum.float_data.size else ""


def _image_form(start: bytes) -> str:
    return next((form for magic, form in _IMAGES.items() if start.startswith(magic)), "")


def _spread(count: int, length: int) -> list[int]:
    """Return up to `count` indices, from the first to the last.

    >>> _spread(3, 101), _spread(3, 2), _spread(1, 5)
    ([0, 50, 100], [0, 1], [0])
    """
    count = min(count, length)
    return [index * (length - 1) // max(count - 1, 1) for index in range(count)]
