"""Notice that a database is written to while it is read.

Who reads without a lock is not known to who writes: two commits later the pages that are being read
may be written over, and LMDB takes what it finds there for offsets and sizes, which can end the
process. It writes the number of each commit to the first and the second page of the file in turn,
so the next commit is seen by looking at one place in memory, which costs next to nothing.

Layout: `MDB_meta` in LMDB's source, on machines of 64 bits.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import lmdb

#: A page's header, then magic, version, address, size of the map, two trees, the last page.
_NUMBER_AT = 16 + 4 + 4 + 8 + 8 + 2 * 48 + 8
_NUMBER = struct.Struct("=Q")


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
        last = int(environment.info()["last_txnid"])
        with file.open("rb") as opened:
            pages = mmap.mmap(opened.fileno(), 2 * page_bytes, access=mmap.ACCESS_READ)
        places = [page_bytes * number + _NUMBER_AT for number in range(2)]
        found = [int(_NUMBER.unpack_from(pages, place)[0]) for place in places]
        following = (last + 1) % 2
        if found[1 - following] != last:
            return  # another layout: there is nothing to be seen
        start = places[following]
        self.place = memoryview(pages)[start : start + _NUMBER.size].cast("Q")
        # What a commit has put there since LMDB was asked counts as a change.
        self.seen = min(found[following], last)

    @property
    def has_changed(self) -> bool:
        """Whether there has been a commit; readers in a hurry compare `place` themselves."""
        return self.place[0] != self.seen
