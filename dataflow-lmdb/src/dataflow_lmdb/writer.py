"""Append records to a database, one transaction after another.

LMDB makes a transaction whole or not at all, whatever happens to the process. So the records, how
many they are, and where their flow stands, all are in one.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import lmdb

from dataflow_lmdb.database import KEYS_KEY, META_KEY, share, sole_use
from dataflow_lmdb.errors import (
    DatabaseChangedError,
    DatabaseExistsError,
    DatabaseInUseError,
    DatabaseWriteError,
)
from dataflow_lmdb.keys import FormatKeys
from dataflow_lmdb.location import Location, PathLike, locate, make_file, open_for_writing
from dataflow_lmdb.meta import KEY_TEMPLATE, Meta, dump_keys, load_meta

#: The map, which bounds a database, begins with as much room as this and then doubles. It costs
#: address space only, except on Windows, where the file has that size.
FIRST_ROOM_BYTES = 1 << 28

#: Below it numbers have the eight digits of the template, so that keys come in LMDB's order.
_IN_ORDER = 10**8


class DatabaseWriter:
    """A database that is being written, by nobody else.

    Attributes:
        meta: what has been committed.
    """

    def __init__(self, location: Location, environment: lmdb.Environment) -> None:
        self._location = location
        self._environment = environment
        self._keys = FormatKeys(KEY_TEMPLATE, sys.maxsize)
        with environment.begin() as transaction:
            self._meta_record: bytes | None = transaction.get(META_KEY)
        self.meta = load_meta(self._meta_record, location.path) or Meta(0, complete=False)

    def commit(
        self,
        values: Sequence[bytes],
        *,
        state: Mapping[str, object] | None = None,
        complete: bool = False,
        handed_over: Callable[[], None] | None = None,
    ) -> None:
        """Append records; afterwards they are on disk, or none of them is.

        Args:
            values: of the records.
            state: of the flow, behind the last of them.
            complete: whether that was all.
            handed_over: called when LMDB has all records and begins to write them.

        Raises:
            DatabaseWriteError: if the disk is full, or writing fails otherwise.
            DatabaseInUseError: if another process has written to the database meanwhile.
        """
        meta = Meta(self.meta.records + len(values), complete, state)
        record = meta.dump()
        try:
            while not self._fits(values, meta, record, handed_over):
                self._environment.set_mapsize(2 * int(self._environment.info()["map_size"]))
        except (lmdb.Error, OSError) as error:
            path, kept = self._location.path, self.meta.records
            # A full disk has many names, "Input/output error" among them.
            free = shutil.disk_usage(self._location.file.parent).free
            raise DatabaseWriteError(
                f"cannot write to {path!r}: {error} (there are {free / 1e6:.1f} MB free)."
                f" {kept} records are in it and stay there; when the cause is removed, go on with"
                " save(df, path, resume=True), or --resume",
                path=path,
                records=kept,
            ) from error
        self.meta, self._meta_record = meta, record

    def _fits(
        self,
        values: Sequence[bytes],
        meta: Meta,
        record: bytes,
        handed_over: Callable[[], None] | None,
    ) -> bool:
        """Commit; False if the map has no room for it."""
        first = self.meta.records
        try:
            with self._environment.begin(write=True) as transaction:
                if transaction.get(META_KEY) != self._meta_record:
                    raise _written_by_another(self._location.path)
                transaction.delete(KEYS_KEY)
                transaction.delete(META_KEY)
                records = list(zip(map(self._keys.at, count(first)), values))
                in_order = meta.records <= _IN_ORDER
                _, added = transaction.cursor().putmulti(records, append=in_order)
                if added < len(records):
                    # A key that somebody else has put in sorts behind ours: none was appended.
                    transaction.cursor().putmulti(records)
                transaction.put(KEYS_KEY, dump_keys(meta.records))
                transaction.put(META_KEY, record)
                if handed_over is not None:
                    handed_over()
        except lmdb.MapFullError:
            return False
        return True


@contextmanager
def writing(path: PathLike, *, resume: bool) -> Iterator[DatabaseWriter]:
    """Open a database to append to, for a while; make it if it is not there.

    Args:
        path: a directory, or a single file: what is there; else a file if it ends in `.lmdb` or
            `.mdb`, else a directory.
        resume: whether there may be records already.

    Raises:
        DatabaseExistsError: if there are records and `resume` is False, or if something else than
            a serializer wrote them.
        LMDBError: if the place cannot be written to.
    """
    location = locate(path)
    if location.exists:
        _refuse_to_overwrite(location, resume=resume)
    else:
        make_file(location)
    map_size = location.file.stat().st_size + FIRST_ROOM_BYTES
    with sole_use(location), open_for_writing(location, map_size) as environment:
        yield DatabaseWriter(location, environment)


def _written_by_another(path: str) -> DatabaseInUseError:
    return DatabaseInUseError(f"another process writes to {path!r} too; this one stops", path=path)


def _refuse_to_overwrite(location: Location, *, resume: bool) -> None:
    path = location.path
    try:
        with share(path) as lease:
            meta = load_meta(lease.database.get(META_KEY), path)
            datapoints = lease.database.datapoints()
    except DatabaseChangedError as error:
        raise _written_by_another(path) from error
    if not datapoints:
        return
    if meta is None:
        raise DatabaseExistsError(
            f"{path!r} is an LMDB that something else has written; it is not touched: choose"
            " another path",
            path=path,
        )
    if meta.records and not resume:
        if meta.complete:
            remedy = "choose another path, or delete it"
        else:
            remedy = "go on with save(df, path, resume=True), or --resume; or delete it"
        raise DatabaseExistsError(
            f"{path!r} holds {meta.records} records already, which are not overwritten: {remedy}",
            path=path,
        )
