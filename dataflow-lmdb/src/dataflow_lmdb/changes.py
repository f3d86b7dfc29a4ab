"""Notice that a database is written to while it is read.

Who reads without a lock is not known to who writes: two commits later the pages that are being read
may be written over, and LMDB takes what it finds there for offsets and sizes, which can end the
process. It writes the number of each commit to the first and the second page of the file in turn,
so the next commit is seen by looking at one place in memory, which costs next to nothing.

Layout: `MDB_meta` in LMDB's source, on machines of 64 bits.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import lmdb

#: A page's header, then magic, version, address, size of the map, two trees, the last page.
_NUMBER_AT = 16 + 4 + 4 + 8 + 8 + 2 * 48 + 8
_NUMBER_BYTES = 8

#: No number of a commit.
_NEVER = -1


class Watch:
    """Where the next commit to a database will show.

    Attributes:
        place: a sequence whose first element is not `seen` any more after a commit.
        seen: what was there before.
    """

    __slots__ = ("place", "seen")

    def __init__(self, file: Path, environment: lmdb.Environment) -> None:
        self.place: memoryview | tuple[int] = (0,)
        self.seen = 0
        page_bytes = int(environment.stat()["psize"])
        with file.open("rb") as opened:
            pages = mmap.mmap(opened.fileno(), 2 * page_bytes, access=mmap.ACCESS_READ)
        numbers = [
            memoryview(pages)[start : start + _NUMBER_BYTES].cast("Q")
            for start in (_NUMBER_AT, page_bytes + _NUMBER_AT)
        ]
        found = [number[0] for number in numbers]
        last = int(environment.info()["last_txnid"])
        following = (last + 1) % 2
        if found[1 - following] == last == max(found):
            self.place, self.seen = numbers[following], found[following]
        elif found != [number[0] for number in numbers]:
            # Somebody has written while this was looked at: it counts as a change.
            self.place, self.seen = numbers[0], _NEVER
        # Else it is another layout, and there is nothing to be seen.

    @property
    def has_changed(self) -> bool:
        """Whether there has been a commit; readers in a hurry compare `place` themselves."""
        return self.place[0] != self.seen
