"""Databases that this process reads, each opened once.

LMDB must not open a file twice in one process, so all who read a file share one `Database`. Each of
them has a lease, and holds on to it during a read; the file is closed with the last lease, when
nobody can be reading. (Memory that is unmapped under a thread that reads it ends the process.)

A forked child inherits mappings and file descriptors that it had better not use: each `Database`
closes what it inherited and opens its file anew when it is read. Being told of the fork costs
nothing per read, unlike a look at the process id.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, filterfalse, islice
from typing import TYPE_CHECKING, Any

import lmdb

from dataflow_lmdb.changes import Watch
from dataflow_lmdb.errors import DatabaseChangedError, LMDBError
from dataflow_lmdb.location import (
    FileId,
    Location,
    PathLike,
    changed,
    damaged,
    in_use,
    locate_existing,
    open_for_reading,
)

if TYPE_CHECKING:
    from typing_extensions import Self

#: Keys of records that are about the database, and are no datapoints.
KEYS_KEY = b"__keys__"
META_KEY = b"__meta__"
RESERVED = frozenset({KEYS_KEY, META_KEY})

#: What is overwritten under a cursor may end the process, so it had better not run on for long.
_KEYS_AT_ONCE = 100

_shared: dict[FileId, Database] = {}
_written: set[FileId] = set()
# Reentrant, since a lease may end wherever the garbage collector runs, within `share` too.
_sharing = threading.RLock()


class Database:
    """A file of records, read by any number of threads.

    Every thread has a read transaction of its own, which lasts: a new one for each read costs as
    much as reading a small value does. Hence the database must not be written to meanwhile.

    Attributes:
        location: of the file.
        reader: what the calling thread looks records up with.
        watch: tells whether somebody else has written to the file since it was opened.
        leases: how many there are.
    """

    def __init__(self, location: Location, *, readahead: bool) -> None:
        self.location = location
        self._mapping = _Mapping(location, readahead)
        self.watch = Watch(location.file, self._mapping.open())
        self.reader = ThreadReader(self._mapping)
        self.leases = 0

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        return self.reader.get(key)

    def cursor(self) -> lmdb.Cursor[bytes]:
        """Return a cursor of a transaction of its own."""
        return self._mapping.open().begin().cursor()

    def keys(self) -> Iterator[bytes]:
        """Iterate over the keys of all datapoints in the database's order, reading no value.

        Raises:
            DatabaseChangedError: if the database is written to meanwhile.
        """
        several = self.cursor().iternext(values=False)
        return filterfalse(RESERVED.__contains__, chain.from_iterable(self._watched(several)))

    def last_key(self) -> bytes | None:
        """Return the last key of a datapoint in the database's order; None if there is none."""
        backwards = self.cursor().iterprev(values=False)
        return next(filterfalse(RESERVED.__contains__, backwards), None)

    def datapoints(self) -> int:
        """Return how many records there are, without those about the database."""
        with self._mapping.open().begin() as transaction:
            entries = int(transaction.stat()["entries"])
        return entries - sum(self.get(key) is not None for key in RESERVED)

    def _watched(self, keys: Iterator[bytes]) -> Iterator[list[bytes]]:
        """Yield keys a few at a time, so that none is looked for long after a change."""
        while some := [*islice(keys, _KEYS_AT_ONCE)]:
            if self.watch.has_changed:
                raise changed(self.location.path)
            yield some

    def failed(self, error: lmdb.Error) -> LMDBError:
        """Return the error for what LMDB says when it fails to read."""
        path = self.location.path
        if self.watch.has_changed or isinstance(error, lmdb.MapResizedError):
            return changed(path)
        return damaged(path, error)

    def close(self) -> None:
        """Close the file; a read opens it anew."""
        self._mapping.close()
        self.reader = ThreadReader(self._mapping)

    def forget_inherited(self) -> None:
        """Close what a forked child got from its parent."""
        self._mapping.renew_lock()
        self.close()


class Lease:
    """The right to read a `Database`, until it is closed or gone.

    Within a `with` statement what LMDB raises becomes an error of this package. If the file was
    written to meanwhile, whatever has been read may be half of this and half of that, whether it
    looked amiss or not: the statement ends with a DatabaseChangedError.

    Attributes:
        database: to read from as long as one holds the lease.
    """

    __slots__ = ("__weakref__", "_end", "database")

    def __init__(self, database: Database, identity: FileId) -> None:
        self.database = database
        self._end = weakref.finalize(self, _release, database, identity)
        self._end.atexit = False

    def close(self) -> None:
        """End the lease, if it has not ended."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        failure: LMDBError | None = None
        if isinstance(error, lmdb.Error):
            failure = self.database.failed(error)
        elif isinstance(error, DatabaseChangedError):
            pass
        elif (error is None or isinstance(error, Exception)) and self.database.watch.has_changed:
            failure = changed(self.database.location.path)
        self.close()
        if failure is not None:
            raise failure from error


class ThreadReader(threading.local):
    """Looks keys up; each thread that does so gets a transaction, when it first does.

    Attributes:
        get: key → value as bytes, or None.
        view: key → memory of the database, or None; valid as long as the lease is.
    """

    get: Callable[[bytes], bytes | None]
    view: Callable[[bytes], memoryview | None]

    def __init__(self, mapping: _Mapping) -> None:
        self._mapping = mapping

    def __getattr__(self, name: str) -> Any:
        if name not in ("get", "view"):
            raise AttributeError(name)
        environment = self._mapping.open()
        if name == "get":
            self.get = environment.begin().get
            return self.get
        self.view = environment.begin(buffers=True).get
        return self.view

    def renew(self) -> None:
        """Give the calling thread new transactions: one that has failed is of no more use."""
        self.__dict__.pop("get", None)
        self.__dict__.pop("view", None)


class _Mapping:
    """The file as this process has it open, or will have it when somebody reads."""

    def __init__(self, location: Location, readahead: bool) -> None:
        self._location = location
        self._readahead = readahead
        self._lock = threading.Lock()
        self._environment: lmdb.Environment | None = None

    def open(self) -> lmdb.Environment:
        with self._lock:
            if self._environment is None:
                self._environment = open_for_reading(self._location, readahead=self._readahead)
            return self._environment

    def close(self) -> None:
        with self._lock:
            if self._environment is not None:
                self._environment.close()
                self._environment = None

    def renew_lock(self) -> None:
        """In a forked child, where the thread that may hold the lock does not exist."""
        self._lock = threading.Lock()


def share(path: PathLike, *, readahead: bool = False) -> Lease:
    """Return a lease of this process's one `Database` of a file.

    Args:
        path: a directory with a `data.mdb`, or a file.
        readahead: whether the system should read ahead of what is asked for: good for reading in
            order, bad for random access to more than fits into memory. Who comes first decides.

    Raises:
        DatabaseNotFoundError: if nothing is there.
        NotAnLMDBError: if it is no LMDB.
        DatabaseInUseError: if the program has opened it already, with lmdb itself.
    """
    location = locate_existing(path)
    identity = location.file_id
    with _sharing:
        if identity in _written:
            raise in_use(location.path)
        database = _shared.get(identity) or Database(location, readahead=readahead)
        database.leases += 1
        # Again, as the collector may have ended the last other lease a moment ago.
        _shared[identity] = database
        return Lease(database, identity)


@contextmanager
def sole_use(location: Location) -> Iterator[None]:
    """Keep a file from being read or written elsewhere in this process.

    Newer versions of LMDB's binding see to that by themselves.

    Raises:
        DatabaseInUseError: if it is being read or written.
    """
    identity = location.file_id
    with _sharing:
        if identity in _shared or identity in _written:
            raise in_use(location.path)
        _written.add(identity)
    try:
        yield
    finally:
        _written.discard(identity)


def _release(database: Database, identity: FileId) -> None:
    with _sharing:
        database.leases -= 1
        if not database.leases:
            _shared.pop(identity, None)
            database.close()


def _forget_all_inherited() -> None:
    global _sharing  # noqa: PLW0603
    _sharing = threading.RLock()
    for database in _shared.values():
        database.forget_inherited()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all_inherited)
