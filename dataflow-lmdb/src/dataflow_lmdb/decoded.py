"""Records of an LMDB that are decoded as they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lmdb

from dataflow_core.flow import Datapoint
from dataflow_lmdb.errors import DamagedRecordError, LMDBError
from dataflow_lmdb.location import changed
from dataflow_lmdb.source import LMDBData


class DecodedData(LMDBData):
    """What the values stand for, decoded out of the database's memory.

    A subclass sets `_decode`, from a value to a datapoint, and `_form`, what messages call the
    values. `_decode` must not hold on to its argument, which lives as long as the call only.
    """

    _form: str
    _decode: Callable[[memoryview], Any]

    def __getitem__(self, index: int, /) -> Datapoint:
        key = self._key_at(index)
        # Held in a variable until the value is decoded, which lies in the database's memory.
        lease = self._lease or self._open_lease()
        database = lease.database
        watch = database.watch
        if watch.place[0] != watch.seen:
            raise changed(self._path)
        try:
            value = database.reader.view(key)
        except lmdb.Error as error:
            raise self._failed(index, database, error) from error
        if value is None:
            raise self._missing(index, database)
        try:
            dp = self._decode(value)
        # What a codec raises is its own affair: unpickling may raise anything.
        except Exception as error:
            if watch.has_changed:
                raise changed(self._path) from error
            if isinstance(error, LMDBError):
                raise
            raise DamagedRecordError(
                f"the record {key!r} of {self._path!r} cannot be decoded as {self._form}:"
                f" {error!r}",
                path=self._path,
            ) from error
        # Again, since what was written meanwhile may be what was decoded.
        if watch.place[0] != watch.seen:
            raise changed(self._path)
        return dp

    def _walk(self, start: int) -> None:
        # Finding a record costs little next to decoding it.
        return None
