"""Records of an LMDB as they are: keys and values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import lmdb

from dataflow_core.flow import Datapoint, IndexedDataFlow
from dataflow_lmdb.codecs import PICKLE, decoder_of, looks_like
from dataflow_lmdb.database import KEYS_KEY, Database, Lease, share
from dataflow_lmdb.errors import (
    DamagedRecordError,
    EmptyDatabaseError,
    ForeignCodecError,
    KeyNotFoundError,
    LMDBError,
)
from dataflow_lmdb.in_order import in_order
from dataflow_lmdb.keys import FormatKeys, Keys, KeyTable, guess_template
from dataflow_lmdb.location import PathLike, changed
from dataflow_lmdb.meta import CODEC, load_keys

#: Up to so many records without `__keys__` are scanned, which takes no time to speak of.
_MAX_SCANNED = 100_000

#: Of more, so many keys are looked up before they are taken for numbers.
_SAMPLED = 100


class LMDBData(IndexedDataFlow):
    """The records of an LMDB: datapoints [key, value], both bytes.

    Order: of the keys, or another permutation of it every epoch. Duplicates, loss: none.
    Crosses processes: path and keys; every process opens the database itself, when it first
    reads, read-only and without a lock. Do not write to a database that is being read: the next
    read then raises.

    `close()` lets go of the file; reading opens it again.

    Args:
        lmdb_path: a directory with a `data.mdb`, or a single file.
        shuffle: whether every epoch has an order of its own.
        keys: a list of keys, or a format string such as "{:0>8d}" that makes the key of record i
            out of i, which needs no memory. Without it the record `__keys__` says; if there is
            none, the database is scanned, in the order of its keys.
        codec: what `__keys__` is in, as of LMDBSerializer.load(); "pickle" allows to unpickle it.

    Raises:
        DatabaseNotFoundError: if nothing is there.
        NotAnLMDBError: if it is no LMDB.
        EmptyDatabaseError: if it holds no records.
        KeyNotFoundError: if the first or the last of `keys` is not in it; while reading, if
            another one is not.
        DamagedDatabaseError: if LMDB finds the file damaged.
        DatabaseChangedError: while reading, if somebody has written to the database meanwhile.
        ForeignCodecError: if `__keys__` is pickled and `codec` does not ask for that.

    Example:
        >>> import lmdb, tempfile
        >>> path = tempfile.mkdtemp()
        >>> with lmdb.open(path) as environment, environment.begin(write=True) as transaction:
        ...     _ = transaction.put(b"a", b"1"), transaction.put(b"b", b"2")
        >>> list(LMDBData(path, shuffle=False))
        [[b'a', b'1'], [b'b', b'2']]
        >>> list(LMDBData(path, shuffle=False, keys=["b"]))
        [[b'b', b'2']]
    """

    _lease: Lease | None = None
    _guessed = False

    def __init__(
        self,
        lmdb_path: PathLike,
        shuffle: bool = True,
        keys: Iterable[bytes | str] | str | None = None,
        *,
        codec: str | None = None,
    ) -> None:
        super().__init__(shuffle=shuffle)
        if codec is not None:
            decoder_of(codec)
        self._codec = codec
        self._path = os.fspath(lmdb_path)
        with share(self._path) as lease:
            database = lease.database
            self._keys = self._make_keys(database, keys)
            if not len(self._keys):
                raise EmptyDatabaseError(
                    f"the LMDB at {self._path!r} has no datapoints", path=self._path
                )
            for index in (0, len(self._keys) - 1):
                if database.get(self._keys[index]) is None:
                    raise self._missing(index, database)
            self._adjacent = self._keys.ascending and len(self._keys) == database.datapoints()
        self._key_at = self._keys.at

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int, /) -> Datapoint:
        key = self._key_at(index)
        # Held in a variable, so that no other thread's close() ends it during the read.
        lease = self._lease or self._open_lease()
        database = lease.database
        place, seen = database.watch.place, database.watch.seen
        if place[0] != seen:
            raise changed(self._path)
        try:
            value = database.reader.get(key)
        except lmdb.Error as error:
            raise self._failed(index, database, error) from error
        # Again, since what was written meanwhile may be what was read.
        if place[0] != seen:
            raise changed(self._path)
        if value is None:
            raise self._missing(index, database)
        return [key, value]

    def close(self) -> None:
        """End an iteration under way and let go of the file.

        It is closed when no flow of this process holds it any more.
        """
        super().close()
        self._lease = None

    def __getstate__(self) -> dict[str, object]:
        state = super().__getstate__()
        state.pop("_lease", None)
        state.pop("_key_at", None)
        # A worker may have another working directory.
        state["_path"] = str(Path(self._path).absolute())
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._key_at = self._keys.at

    def _walk(self, start: int) -> Iterator[Datapoint] | None:
        if not self._adjacent:
            return None
        return in_order(self._open_lease, self._keys, range(start, len(self)))

    def _open_lease(self) -> Lease:
        self._lease = lease = share(self._path, readahead=not self._shuffle)
        return lease

    def _make_keys(self, database: Database, keys: Iterable[bytes | str] | str | None) -> Keys:
        if isinstance(keys, str):
            return FormatKeys(keys, database.datapoints())
        if isinstance(keys, (bytes, int)):
            raise TypeError(f"keys is a list of keys or a format string, not {keys!r}")
        if keys is not None:
            return KeyTable(keys)
        record = database.get(KEYS_KEY)
        if record is None:
            return self._found_keys(database)
        return self._keys_in(record)

    def _found_keys(self, database: Database) -> Keys:
        """Return the keys of a database that has no record of them."""
        count = database.datapoints()
        if count > _MAX_SCANNED:
            first, last = next(database.keys(), None), database.last_key()
            template = guess_template(first, last, count) if first and last else None
            if template is not None:
                # There are as many datapoints as numbers. If one of them were missing, the
                # epoch would raise when it is its turn; if none is, there is nothing else.
                numbers = FormatKeys(template, count)
                sample = range(0, count, max(count // _SAMPLED, 1))
                if all(database.get(numbers[index]) is not None for index in sample):
                    self._guessed = True
                    return numbers
        return KeyTable.scanned(database.keys())

    def _keys_in(self, record: bytes) -> Keys:
        ours = load_keys(record)
        if ours is not None:
            return FormatKeys(*ours)
        form = looks_like(record)
        if form == PICKLE and self._codec != PICKLE:
            raise ForeignCodecError(
                f"__keys__ of {self._path!r} is pickled, and unpickling can run any code: if you"
                " trust who wrote it, say codec='pickle'; else give the keys, for instance"
                " keys='{:0>8d}' if they are numbers",
                path=self._path,
                codec=PICKLE,
            )
        name = form or self._codec
        if name in (None, CODEC):
            raise self._unreadable_keys(f"it starts with {record[:8]!r}")
        try:
            return KeyTable(decoder_of(name)(memoryview(record)))
        # As with values, what a codec raises is its own affair.
        except Exception as error:
            raise self._unreadable_keys(str(error)) from error

    def _unreadable_keys(self, why: str) -> DamagedRecordError:
        return DamagedRecordError(
            f"__keys__ of {self._path!r} is no list of keys: {why}; give the keys, as a list or as"
            " a format string such as '{:0>8d}'",
            path=self._path,
        )

    def _missing(self, index: int, database: Database) -> LMDBError:
        """Return the error for a record that is not there; an IndexError if none should be."""
        if database.watch.has_changed:
            return changed(self._path)
        key = self._keys[index]
        try:
            first = next(database.keys(), None)
        except lmdb.Error as error:
            return self._failed(index, database, error)
        there = "no datapoints" if first is None else f"keys that look like {first!r}"
        if self._guessed:
            there += ", and not all of them are numbers as they seemed to be: list them, keys=[...]"
        return KeyNotFoundError(
            f"the LMDB at {self._path!r} has no record {key!r}; it has {there}",
            path=self._path,
            key=key,
        )

    def _failed(self, index: int, database: Database, error: lmdb.Error) -> LMDBError:
        """Return the error for a record that LMDB fails to find."""
        database.reader.renew()
        if isinstance(error, lmdb.BadValsizeError):  # a key that no LMDB can hold
            return KeyNotFoundError(
                f"the LMDB at {self._path!r} cannot have a record {self._keys[index]!r}: {error}",
                path=self._path,
                key=self._keys[index],
            )
        return database.failed(error)

    def _params(self) -> Mapping[str, object]:
        return {"*path": repr(self._path), **super()._params()}

    def _fingerprint_params(self) -> Mapping[str, object]:
        # The same records may lie elsewhere on the machine where a job goes on.
        return super()._params()
