"""Find damaged pages of a database, without letting LMDB near them.

LMDB trusts the offsets and sizes in a file, so one bit may end the process. Here all that it would
follow is looked at first: a database without findings is safe to read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from dataflow_lmdb.errors import LMDBError
from dataflow_lmdb.location import PathLike, locate_existing
from dataflow_lmdb.page_format import (
    DUPLICATES,
    HEADER_BYTES,
    INTEGER_KEYS,
    NO_PAGE,
    REVERSE_KEYS,
    Meta,
    Node,
    PageError,
    Tree,
    check_overflow,
    parse_branch,
    parse_leaf,
    parse_meta,
)

_LARGEST_PAGE = 1 << 16
_METAS = 2


@dataclass(frozen=True)
class Damage:
    """A page that LMDB could not read, or should not.

    Attributes:
        page: its number.
        what: is wrong with it.
        first: the first key that cannot be read because of it; None: the first of all.
        before: the first key behind those that can be read again; None: there is none.
    """

    page: int
    what: str
    first: bytes | None = None
    before: bytes | None = None

    def __str__(self) -> str:
        if self.first is None and self.before is None:
            keys = "all keys"
        elif self.before is None:
            keys = f"keys from {self.first!r} on"
        elif self.first is None:
            keys = f"keys before {self.before!r}"
        elif self.before == _successor(self.first):
            keys = f"key {self.first!r}"
        else:
            keys = f"keys from {self.first!r} to before {self.before!r}"
        return f"page {self.page}: {self.what} ({keys})"


def find_damage(path: PathLike) -> Iterator[Damage]:
    """Look at every page of a database that LMDB would follow to read records.

    Values are not looked at, nor what is in their pages behind the first 16 bytes: LMDB has no
    checksums. It takes some microseconds for each record, and the time to read a page of each value
    that does not fit into half a page.

    Args:
        path: a directory with a `data.mdb`, or a single file; nobody writes to it meanwhile.

    Yields:
        What is damaged; nothing if LMDB can read the database.

    Raises:
        DatabaseNotFoundError: if nothing is there.
        NotAnLMDBError: if it is a directory without a database, or an empty file.
        LMDBError: if the database has several values for a key, which is not supported.

    Example:
        >>> import lmdb, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        ...     _ = transaction.put(b"a", b"1")
        >>> list(find_damage(folder))
        []
    """
    location = locate_existing(path)
    with location.file.open("rb", buffering=0) as file:
        pages = _Pages(file)
        try:
            meta = pages.open()
        except _MetaError as error:
            yield Damage(error.page, str(error))
            return
        if (meta.main.flags | meta.free.flags) & DUPLICATES:
            raise LMDBError(
                f"{location.path!r} may have several values for a key; such databases cannot be"
                " checked",
                path=location.path,
            )
        for tree in (meta.main, meta.free):
            yield from _Walk(pages, tree).damage(meta.commit % _METAS)


class _MetaError(PageError):
    def __init__(self, message: str, page: int) -> None:
        super().__init__(message)
        self.page = page


class _Pages:
    """The pages of a file, each of which is handed out once."""

    def __init__(self, file: BinaryIO) -> None:
        self._handle = file.fileno()
        self._bytes = os.fstat(self._handle).st_size
        self.page_bytes = 0
        self._last = 0
        self._seen = bytearray()

    def open(self) -> Meta:
        """Return the meta page that counts.

        Raises:
            _MetaError: if one of the two is damaged.
        """
        metas: list[Meta] = []
        for number in range(_METAS):
            start = metas[0].page_bytes if number else 0
            try:
                metas.append(parse_meta(self._read(start, _LARGEST_PAGE), number))
            except PageError as error:
                raise _MetaError(str(error), number) from error
        first, second = metas
        if first.page_bytes != second.page_bytes:
            raise _MetaError("it contradicts page 0 about the size of pages", 1)
        commits = (first.commit, second.commit)
        if commits != (0, 0) and (abs(first.commit - second.commit) != 1 or first.commit % _METAS):
            raise _MetaError(f"commits {commits} do not follow one another", 0)
        latest = max(metas, key=lambda meta: meta.commit)
        self.page_bytes, self._last = latest.page_bytes, latest.last_page
        # More pages than the file has are said to be missing when they are asked for.
        self._seen = bytearray(self._bytes // self.page_bytes + 1)
        return latest

    def take(self, number: int, count: int = 1, size: int = 0) -> bytes:
        """Return a page, or the first `size` bytes of it, and the pages behind it are taken too.

        Raises:
            PageError: if there are no such pages, or if they have been taken before.
        """
        size = size or self.page_bytes
        end = number + count
        if number < _METAS or end > self._last + 1:
            raise PageError(f"there are pages {_METAS} to {self._last} only")
        if end * self.page_bytes > self._bytes:
            raise PageError(f"the file ends before page {end}")
        if any(self._seen[number:end]):
            raise PageError("it is in use elsewhere too")
        self._seen[number:end] = b"\1" * count
        found = self._read(number * self.page_bytes, size)
        if len(found) < size:
            raise PageError("the file has become shorter")
        return found

    def _read(self, start: int, size: int) -> bytes:
        # Not by a mapping: what is missing there would end the process.
        os.lseek(self._handle, start, os.SEEK_SET)
        return os.read(self._handle, size)


@dataclass(frozen=True)
class _Way:
    """A page to look at, and the keys that may be there."""

    page: int
    depth: int
    first: bytes | None
    before: bytes | None


class _Walk:
    """Looks at a tree, depth first, so that keys come in their order."""

    def __init__(self, pages: _Pages, tree: Tree) -> None:
        self._pages = pages
        self._tree = tree
        self._sorted = not tree.flags & (REVERSE_KEYS | INTEGER_KEYS)
        self._branches = self._leaves = self._overflows = self._entries = 0

    def damage(self, meta_page: int) -> Iterator[Damage]:
        """Yield what is damaged; where counts only are wrong, of the meta page."""
        tree = self._tree
        whole = True
        ways = [] if tree.root == NO_PAGE else [_Way(tree.root, 1, None, None)]
        while ways:
            way = ways.pop()
            try:
                nodes = self._nodes(way)
            except PageError as error:
                whole = False
                yield Damage(way.page, str(error), way.first, way.before)
                continue
            if way.depth < tree.depth:
                ways += reversed(_ways(way, nodes))
                continue
            for found in self._damaged_values(nodes):
                whole = False
                yield found
        counts = (self._branches, self._leaves, self._overflows, self._entries)
        said = (tree.branches, tree.leaves, tree.overflows, tree.entries)
        if whole and counts != said:
            what = "branch pages, leaf pages, overflow pages, records: "
            yield Damage(meta_page, f"{what}it says {said}, and there are {counts}")

    def _nodes(self, way: _Way) -> list[Node]:
        page = self._pages.take(way.page)
        if way.depth < self._tree.depth:
            nodes = parse_branch(page, way.page)
            self._branches += 1
            keys = [node.key for node in nodes[1:]]
        else:
            nodes = parse_leaf(page, way.page)
            self._leaves += 1
            self._entries += len(nodes)
            keys = [node.key for node in nodes]
        if self._sorted:
            _check_order(keys, way)
        return nodes

    def _damaged_values(self, nodes: list[Node]) -> Iterator[Damage]:
        for node in nodes:
            if node.page is None:
                continue
            try:
                header = self._pages.take(node.page, node.pages, HEADER_BYTES)
                check_overflow(header, node.page, node.pages)
            except PageError as error:
                yield Damage(node.page, str(error), node.key, _successor(node.key))
            else:
                self._overflows += node.pages


def _ways(way: _Way, nodes: list[Node]) -> list[_Way]:
    """Return the ways on from a branch page; the first key of a page is meaningless."""
    firsts = [way.first, *(node.key for node in nodes[1:])]
    befores = [*firsts[1:], way.before]
    return [
        _Way(node.page or 0, way.depth + 1, first, before)
        for node, first, before in zip(nodes, firsts, befores)
    ]


def _check_order(keys: list[bytes], way: _Way) -> None:
    """See that keys ascend and lie where a search for them would lead."""
    for key, following in pairwise(keys):
        if key >= following:
            raise PageError(f"key {key!r} comes before {following!r}")
    if keys and (
        (way.first is not None and keys[0] < way.first)
        or (way.before is not None and keys[-1] >= way.before)
    ):
        raise PageError(f"keys from {keys[0]!r} to {keys[-1]!r} lie in the wrong place")


def _successor(key: bytes) -> bytes:
    """Return the very next key that there could be."""
    return key + b"\0"
