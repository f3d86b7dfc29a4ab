"""Databases that this process reads, each opened once.

LMDB must not open a file twice in one process, so all flows over a file share one `Database`. It
closes its file when the last of them lets go of it.

A forked child inherits mappings and file descriptors that it had better not use: each `Database`
closes what it inherited and opens its file anew when it is read. Being told of the fork costs
nothing per read, unlike a look at the process id.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

import lmdb

from dataflow_lmdb.location import Location, PathLike, locate_existing, open_for_reading

#: Keys of records that are about the database, and are no datapoints.
KEYS_KEY = b"__keys__"
META_KEY = b"__meta__"
RESERVED = (KEYS_KEY, META_KEY)

#: The device and the inode of a file: a path may name another file tomorrow.
_FileId: TypeAlias = "tuple[int, int]"

_open_databases: WeakValueDictionary[_FileId, Database] = WeakValueDictionary()
_opening = threading.Lock()


class Database:
    """A file of records, read by any number of threads.

    Every thread has a read transaction of its own, which lasts: a new one for each read costs as
    much as reading a small value does. Hence the database must not be written to meanwhile.

    Attributes:
        location: where it lies.
        reader: what the calling thread reads with.
    """

    def __init__(self, location: Location, *, readahead: bool) -> None:
        self.location = location
        self._mapping = _Mapping(location, readahead)
        self._mapping.open()
        self.reader = ThreadReader(self._mapping)

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        return self.reader.get(key)

    def entries(self) -> int:
        """Return how many records there are, those about the database included."""
        with self._mapping.open().begin() as transaction:
            return int(transaction.stat()["entries"])

    def keys(self) -> Iterator[bytes]:
        """Iterate over the keys of all datapoints in the database's order, reading no value."""
        with self._mapping.open().begin() as transaction:
            for key in transaction.cursor().iternext(keys=True, values=False):
                if key not in RESERVED:
                    yield key

    def forget_inherited(self) -> None:
        """Close what a forked child got from its parent; the next read opens it anew."""
        self._mapping.forget_inherited()
        self.reader = ThreadReader(self._mapping)


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

    def forget_inherited(self) -> None:
        # The thread that held the lock, if one did, does not exist in the child.
        self._lock = threading.Lock()
        if self._environment is not None:
            self._environment.close()
            self._environment = None


class ThreadReader(threading.local):
    """Looks keys up; each thread that does so gets a transaction, when it first does.

    Attributes:
        get: key → value as bytes, or None.
        view: key → memory of the database, or None. It lives as long as the caller keeps the
            function `view` itself.
    """

    get: Callable[[bytes], bytes | None]
    view: Callable[[bytes], memoryview | None]

    def __init__(self, mapping: _Mapping) -> None:
        self._mapping = mapping

    def __getattr__(self, name: str) -> Any:
        if name not in ("get", "view"):
            raise AttributeError(name)
        environment = self._mapping.open()
        # Cursors, since they find a key fast that lies beside the one before.
        if name == "get":
            self.get = environment.begin().cursor().get
            return self.get
        self.view = environment.begin(buffers=True).cursor().get
        return self.view


def share(path: PathLike, *, readahead: bool = False) -> Database:
    """Return this process's one `Database` of a file.

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
    stat = os.stat(location.file)
    identity = (stat.st_dev, stat.st_ino)
    with _opening:
        database = _open_databases.get(identity)
        if database is None:
            database = Database(location, readahead=readahead)
            _open_databases[identity] = database
        return database


def _forget_all_inherited() -> None:
    # A thread that held the lock does not exist in the child, and would hold it for ever.
    global _opening  # noqa: PLW0603
    _opening = threading.Lock()
    for database in list(_open_databases.values()):
        database.forget_inherited()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all_inherited)
