"""What LMDB's file consists of, read without LMDB: nothing here can reach outside of a page.

- Two meta pages, written in turn; the one with the higher number of a commit counts. Each has the
  roots of two trees: of the pages that are free, and of the records.
- Trees of branch pages and leaf pages. Both are filled from two ends: 2-byte offsets grow up to
  `lower`, the nodes they point to grow down to `upper` and lie close together.
- Overflow pages: a header and a value, over as many pages as it takes.

Numbers are of the machine that wrote them. Layout: `MDB_page`, `MDB_node` and `MDB_meta` in LMDB's
source, on machines of 64 bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8

#: A page number that stands for none: of the root of an empty tree.
NO_PAGE = (1 << 64) - 1

HEADER_BYTES = 16
MAGIC = 0xBEEFC0DE
VERSION = 1

#: Flags of a tree: keys are compared backwards, several values per key, keys are integers.
REVERSE_KEYS, DUPLICATES, INTEGER_KEYS = 0x02, 0x04, 0x08
_KNOWN_FLAGS = REVERSE_KEYS | DUPLICATES | INTEGER_KEYS | 0x70

#: Among those of the tree of free pages: the database is a file, not a directory.
_SINGLE_FILE = 0x4000

#: LMDB's own way down ends there.
_MAX_DEPTH = 32

_NODE_BYTES = 8
_BIG, _SUBTREE = 1, 2
_SUBTREE_BYTES = 48
_PAGE_SIZES = [1 << exponent for exponent in range(8, 17)]

_HEADER = struct.Struct("=QHHHH")
_OVERFLOW_COUNT = struct.Struct("=I")
_NODE = struct.Struct("=HHHH" if struct.pack("=H", 1)[0] else ">HHHH")
_PAGE_NUMBER = struct.Struct("=Q")
_META = struct.Struct("=IIQQ IHHQQQQQ IHHQQQQQ QQ")


class PageError(Exception):
    """A page is not what it should be; the message says how."""


@dataclass(frozen=True)
class Tree:
    """A tree as a meta page describes it.

    Attributes:
        flags: how keys are compared, and more.
        depth: levels of pages.
        branches: how many branch pages there are.
        leaves: how many leaf pages.
        overflows: how many overflow pages.
        entries: how many records.
        root: the page at the top; NO_PAGE if the tree is empty.
    """

    flags: int
    depth: int
    branches: int
    leaves: int
    overflows: int
    entries: int
    root: int


@dataclass(frozen=True)
class Meta:
    """What a meta page says.

    Attributes:
        page_bytes: of all pages.
        free: the tree of free pages.
        main: the tree of records.
        last_page: number of the last page in use.
        commit: number of the commit that wrote it.
    """

    page_bytes: int
    free: Tree
    main: Tree
    last_page: int
    commit: int


@dataclass(frozen=True)
class Node:
    """A record, or the way to a page.

    Attributes:
        key: of the record; of a way, the first key that may lie there.
        page: where the way leads; where a value begins that does not fit into the leaf; or None.
        pages: over how many pages that value goes.
    """

    key: bytes
    page: int | None
    pages: int = 0


def parse_meta(page: bytes, number: int) -> Meta:
    """Read meta page 0 or 1; `page` may be longer than it.

    Raises:
        PageError: if it is none.
    """
    if len(page) < HEADER_BYTES + _META.size:
        raise PageError("it is cut")
    _check_header(page, number, META)
    magic, version, _, _, *numbers = _META.unpack_from(page, HEADER_BYTES)
    if (magic, version) != (MAGIC, VERSION):
        raise PageError(f"it has magic number {magic:#x}, version {version}")
    page_bytes = numbers[0]
    if page_bytes not in _PAGE_SIZES:
        raise PageError(f"it says that pages have {page_bytes} bytes")
    last_page, commit = numbers[-2:]
    free, main = Tree(*numbers[1:8]), Tree(*numbers[9:16])
    for tree in (free, main):
        if tree.flags & ~(_KNOWN_FLAGS | _SINGLE_FILE) or tree.depth > _MAX_DEPTH:
            raise PageError(f"it speaks of a tree of depth {tree.depth}, flags {tree.flags:#x}")
        if (tree.root == NO_PAGE) != (tree.depth == 0):
            raise PageError(f"it speaks of a tree of depth {tree.depth} with root {tree.root}")
    return Meta(page_bytes, free, main, last_page, commit)


def parse_branch(page: bytes, number: int) -> list[Node]:
    """Read a branch page.

    Raises:
        PageError: if it is none.
    """
    nodes, sizes = [], {}
    for offset in _offsets(page, number, BRANCH):
        low, middle, high, key_bytes = _node_at(page, offset)
        nodes.append(Node(_key(page, offset, key_bytes), low | middle << 16 | high << 32))
        sizes[offset] = _NODE_BYTES + key_bytes
    _check_tiling(page, sizes)
    if len(nodes) == 1:
        raise PageError("it leads to one page only, which LMDB takes for a reason to abort")
    return nodes


def parse_leaf(page: bytes, number: int) -> list[Node]:
    """Read a leaf page of a tree without duplicates.

    Raises:
        PageError: if it is none.
    """
    nodes, sizes = [], {}
    for offset in _offsets(page, number, LEAF):
        low, high, flags, key_bytes = _node_at(page, offset)
        key = _key(page, offset, key_bytes)
        value_bytes = low | high << 16
        size = _NODE_BYTES + key_bytes
        if flags == _BIG:
            if offset + size + _PAGE_NUMBER.size > len(page):
                raise PageError(f"the node at {offset} reaches beyond it")
            [first] = _PAGE_NUMBER.unpack_from(page, offset + size)
            pages = (HEADER_BYTES - 1 + value_bytes) // len(page) + 1
            nodes.append(Node(key, first, pages))
            size += _PAGE_NUMBER.size
        elif not flags or (flags == _SUBTREE and value_bytes == _SUBTREE_BYTES):
            nodes.append(Node(key, None))
            size += value_bytes
        else:
            raise PageError(f"the node at {offset} has flags {flags:#x}")
        sizes[offset] = size
    _check_tiling(page, sizes)
    return nodes


def check_overflow(header: bytes, number: int, pages: int) -> None:
    """See that a value over so many pages begins at page `number`.

    Raises:
        PageError: if it does not.
    """
    _check_header(header, number, OVERFLOW)
    [count] = _OVERFLOW_COUNT.unpack_from(header, HEADER_BYTES - _OVERFLOW_COUNT.size)
    if count != pages:
        raise PageError(f"it begins {count} pages, and its value takes {pages}")


def _check_header(page: bytes, number: int, kind: int) -> None:
    said, _, flags, _, _ = _HEADER.unpack_from(page)
    if said != number:
        raise PageError(f"it says to be page {said}")
    if flags != kind:
        raise PageError(f"it has flags {flags:#x} instead of {kind:#x}")


def _offsets(page: bytes, number: int, kind: int) -> tuple[int, ...]:
    """Return where nodes begin, in the order of their keys."""
    _check_header(page, number, kind)
    _, _, _, lower, upper = _HEADER.unpack_from(page)
    if not HEADER_BYTES < lower <= upper <= len(page) or lower % 2:
        raise PageError(f"its free room is from {lower} to {upper}")
    count = (lower - HEADER_BYTES) // 2
    offsets = struct.unpack_from(f"={count}H", page, HEADER_BYTES)
    if min(offsets) < upper or max(offsets) > len(page) - _NODE_BYTES:
        raise PageError("an offset points outside of its nodes")
    return offsets


def _node_at(page: bytes, offset: int) -> tuple[int, int, int, int]:
    """Return the four numbers that a node begins with; the lower half of its size comes first."""
    first, second, third, key_bytes = _NODE.unpack_from(page, offset)
    return first, second, third, key_bytes


def _key(page: bytes, offset: int, size: int) -> bytes:
    start = offset + _NODE_BYTES
    if start + size > len(page):
        raise PageError(f"the key at {offset} reaches beyond it")
    return page[start : start + size]


def _check_tiling(page: bytes, sizes: dict[int, int]) -> None:
    """See that nodes lie close together, from `upper` to the end of the page."""
    _, _, _, lower, end = _HEADER.unpack_from(page)
    for offset in sorted(sizes):
        if offset != end:
            raise PageError(f"between {min(offset, end)} and {max(offset, end)} nodes overlap")
        end += sizes[offset] + sizes[offset] % 2
    if end != len(page) or len(sizes) != (lower - HEADER_BYTES) // 2:
        raise PageError(f"its nodes end at {end} of {len(page)} bytes")
