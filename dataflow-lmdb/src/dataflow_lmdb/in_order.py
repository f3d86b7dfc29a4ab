"""Reading in the database's own order, which needs no look-up.

A cursor hands out record after record several times as fast as they are found by key; for small
values that is most of the time. What is left to do is done for many of them at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain, count, islice, takewhile

import lmdb

from dataflow_core.flow import Datapoint
from dataflow_lmdb.changes import Watch
from dataflow_lmdb.database import Lease
from dataflow_lmdb.keys import BLOCK, Keys
from dataflow_lmdb.location import changed

#: Values of so many bytes are read ahead, and one more.
_AHEAD_BYTES = 1 << 16

#: Has the key of no record: LMDB has no empty ones.
_NO_RECORD = (b"", b"")

#: Behind all indices.
_NOWHERE = sys.maxsize


def in_order(lease: Callable[[], Lease], keys: Keys, indices: range) -> Iterator[Datapoint]:
    """Yield [key, value] for consecutive indices, as far as the database has them in that order.

    Every key is compared with the one that its index has. Where they differ this ends, as it does
    when the database has been written to: what is amiss is told by who looks a record up.

    Up to `BLOCK` records, or 64 KiB and a record, are read ahead; none where values are larger.

    Args:
        lease: opens the database.
        keys: of all records, in ascending order.
        indices: which.
    """
    return chain.from_iterable(_blocks(lease, keys, indices))


def _blocks(lease: Callable[[], Lease], keys: Keys, indices: range) -> Iterator[list[Datapoint]]:
    if not indices:
        return
    start, stop = indices.start, indices.stop
    try:
        # Kept for as long as the cursor is: a lease that nobody holds lets the file be closed.
        held = lease()
        cursor = held.database.cursor()
        if not cursor.set_key(keys.at(start)):
            return
        records = iter(cursor)
        watch = held.database.watch
        place, seen = watch.place, watch.seen
        while start < stop:
            # Any time may have passed by now.
            if place[0] != seen:
                return
            block = _read(islice(records, min(stop, start - start % BLOCK + BLOCK) - start))
            if place[0] != seen or not block:
                return
            if not keys.are([key for key, _ in block], start):
                yield _agreeing(block, keys, start)
                return
            yield block
            start += len(block)
            if len(block[0][1]) > _AHEAD_BYTES:
                start = yield from _one_by_one(records, keys, watch, range(start, stop))
        if place[0] != seen:
            # Nobody looks another record up.
            raise changed(held.database.location.path)
    except lmdb.Error:
        # A damaged page; or a cursor that a forked child inherited, where it must not be used.
        return


def _one_by_one(
    records: Iterator[tuple[bytes, bytes]], keys: Keys, watch: Watch, indices: range
) -> Generator[list[Datapoint], None, int]:
    """Yield blocks of one record, up to the first small one; return the index after it.

    What `_blocks` does for many records at a time would only cost here. Past a record that is not
    the one looked for nobody goes on.
    """
    place, seen, at = watch.place, watch.seen, keys.at
    for index in indices:
        if place[0] != seen:
            return indices.stop
        key, value = next(records, _NO_RECORD)
        if place[0] != seen or key != at(index):
            return _NOWHERE
        yield [[key, value]]
        if len(value) <= _AHEAD_BYTES:
            return index + 1
    return indices.stop


def _read(records: Iterable[tuple[bytes, bytes]]) -> list[Datapoint]:
    block: list[Datapoint] = []
    room = _AHEAD_BYTES
    for key, value in records:
        block.append([key, value])
        room -= len(value)
        if room < 0:
            break
    return block


def _agreeing(block: list[Datapoint], keys: Keys, start: int) -> list[Datapoint]:
    """Return the records up to the first that has another key than its index."""
    pairs = zip(block, map(keys.at, count(start)))
    return [dp for dp, _ in takewhile(lambda pair: pair[0][0] == pair[1], pairs)]
