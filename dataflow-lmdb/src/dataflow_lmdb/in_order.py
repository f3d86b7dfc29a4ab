"""Reading in the database's own order, which needs no look-up.

A cursor hands out record after record several times as fast as they are found by key; for small
values that is most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import lmdb

from dataflow_core.flow import Datapoint
from dataflow_lmdb.database import Lease


def in_order(
    lease: Callable[[], Lease], key_at: Callable[[int], bytes], indices: range
) -> Iterator[Datapoint]:
    """Yield [key, value] for consecutive indices, as far as the database has them in that order.

    Every key is compared with the one that its index has. Where they differ this ends: what is
    missing is told by who looks for it.

    Args:
        lease: opens the database.
        key_at: from an index to its key.
        indices: which.
    """
    if not indices:
        return
    try:
        # Kept for as long as the cursor is: a lease that nobody holds lets the file be closed.
        held = lease()
        cursor = held.database.cursor()
        if not cursor.set_key(key_at(indices[0])):
            return
        watch = held.database.watch
        place, seen = watch.place, watch.seen
        for wanted, (key, value) in zip(map(key_at, indices), cursor):
            if key != wanted:
                return
            yield [key, value]
            # Any time may have passed by now.
            if place[0] != seen:
                return
    except lmdb.Error:
        # A damaged page; or a cursor that a forked child inherited, where it must not be used.
        return
