"""Datapoints that a serializer wrote."""

from __future__ import annotations

import os
import warnings

from dataflow_lmdb.codecs import PICKLE, decoder_of, known_codecs, looks_like
from dataflow_lmdb.database import META_KEY, Database, share
from dataflow_lmdb.decoded import DecodedData
from dataflow_lmdb.errors import ForeignCodecError, UnfinishedDatabaseWarning
from dataflow_lmdb.location import PathLike
from dataflow_lmdb.meta import CODEC, load_meta


class LMDBRecords(DecodedData):
    """The datapoints of a database; `LMDBSerializer.load()` makes one.

    Order: as written, or another permutation of it every epoch. Duplicates, loss: none. Arrays
    own their memory and can be written to. Crosses processes: as of LMDBData.

    Args:
        lmdb_path: a directory with a `data.mdb`, or a single file.
        shuffle: whether every epoch has an order of its own.
        codec: what the values are in: "pickle", "msgpack-numpy", or one of `register_codec`, for a
            database that something else than LMDBSerializer wrote.

    Raises:
        ForeignCodecError: if the database does not say what its values are in, and `codec` does
            not either; or if they contradict each other.
        ValueError: if there is no such codec.
        LMDBError: as LMDBData.
    """

    def __init__(
        self, lmdb_path: PathLike, shuffle: bool = True, *, codec: str | None = None
    ) -> None:
        path = os.fspath(lmdb_path)
        if codec is not None:
            decoder_of(codec)
        with share(path) as lease:
            value_codec = _codec_of(lease.database, path, codec)
        self._decode = decoder_of(value_codec)
        self._form = repr(value_codec)
        super().__init__(lmdb_path, shuffle, codec=codec)


def _codec_of(database: Database, path: str, asked: str | None) -> str:
    """Return the codec of a database's values."""
    meta = load_meta(database.get(META_KEY), path)
    if meta is None:
        return asked or _refuse_to_guess(database, path)
    if asked not in (None, meta.codec) or meta.codec not in known_codecs():
        raise ForeignCodecError(
            f"the values of {path!r} are in codec {meta.codec!r}"
            + (f", not {asked!r}; leave codec out" if asked else ", which is unknown here"),
            path=path,
            codec=meta.codec,
        )
    if not meta.complete:
        warnings.warn(
            f"writing {path!r} was broken off after {meta.records} records; go on with"
            " LMDBSerializer.save(df, path, resume=True)",
            UnfinishedDatabaseWarning,
            stacklevel=4,
        )
    return meta.codec


def _refuse_to_guess(database: Database, path: str) -> str:
    first = next(database.keys(), None)
    if first is None:
        return CODEC  # an empty database is refused as such
    likely = looks_like(database.get(first) or b"")
    seems = f"; its values look like {likely!r}" if likely else ""
    danger = " (unpickling runs any code: only if you trust who wrote it)"
    raise ForeignCodecError(
        f"{path!r} has no record __meta__ that says what its values are in, so something else"
        f" than this LMDBSerializer wrote it{seems}. Say it: load(path, codec="
        f"{likely or PICKLE!r}){danger if likely in ('', PICKLE) else ''}; for another form write"
        " LMDBDataDecoder(LMDBData(path), lambda key, value: ...), or register_codec(...)",
        path=path,
        codec=likely,
    )
