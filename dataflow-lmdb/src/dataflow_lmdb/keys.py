"""Which record is which: from an index to a key, without a Python object for every key."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, islice
from string import Formatter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Self

#: Records are compared with their keys by so many at most, which have all but two digits in common.
BLOCK = 100

_SCANNED_AT_ONCE = 10_000

_NUMBERED_ZERO = re.compile(rb"(.*?)(0+)([^0-9]*)", re.DOTALL)
_ZERO_PADDED = re.compile(r"(?:0>|0)([1-9]\d*)d?|d?")


class Keys(Protocol):
    """Keys by index; raises IndexError outside of 0 <= index < len.

    Attributes:
        at: the same without a promise about indices outside, so that it can be faster.
        ascending: whether they are known to come in LMDB's order.
    """

    at: Callable[[int], bytes]
    ascending: bool

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> bytes: ...

    def are(self, found: Sequence[bytes], start: int) -> bool:
        """Whether `found` are the keys from index `start` on, all within one block."""
        ...


class FormatKeys:
    """Keys that follow from their index.

    Args:
        template: a format string for `str.format(index)`, such as "{:0>8d}".
        count: how many keys there are.

    Raises:
        ValueError: if `template` is no format string, or gives all records the same key.

    Example:
        >>> FormatKeys("{:0>8d}", 100)[42]
        b'00000042'
    """

    __slots__ = ("_count", "_head", "_tails", "ascending", "at", "template")

    def __init__(self, template: str, count: int) -> None:
        try:
            differ = template.format(0) != template.format(1)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"keys={template!r} cannot be formatted with an index: {error}; a format string"
                " has one field for it, such as '{:0>8d}'"
            ) from error
        if not differ:
            raise ValueError(
                f"keys={template!r} gives every record the same key; a format string has one"
                " field for the index, such as '{:0>8d}'"
            )
        self.template = template
        self._count = count
        number = _plain_number(template)
        self.at: Callable[[int], bytes]
        if number is None:
            self.at = lambda index: template.format(index).encode()
        else:
            # Three times as fast as `str.format`.
            self.at = number.__mod__
        last = max(count - 1, 0)
        self.ascending = number is not None and len(self.at(last)) == len(self.at(0))
        self._head, self._tails = _split_block(self.at) if self.ascending else (0, [])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> bytes:
        if 0 <= index < self._count:
            return self.at(index)
        raise IndexError(f"index {index} is outside of 0 ... {self._count - 1}")

    def are(self, found: Sequence[bytes], start: int) -> bool:
        """Whether `found` are the keys from index `start` on, all within one block.

        >>> FormatKeys("{:0>8d}", 100).are([b"00000042", b"00000043"], 42)
        True
        """
        if not self._tails:
            return [*map(self.at, range(start, start + len(found)))] == found
        first = self.at(start)
        if len(found) == 1:
            return found[0] == first
        # A tenth of what making every key takes: equal together, and each of equal length.
        place = start % BLOCK
        wanted = first[: self._head].join([b"", *self._tails[place : place + len(found)]])
        return b"".join(found) == wanted and {*map(len, found)} == {len(first)}

    def __reduce__(self) -> tuple[type[FormatKeys], tuple[str, int]]:
        return FormatKeys, (self.template, self._count)


class KeyTable:
    """Keys one after another in one string, 8 bytes more for each.

    Args:
        keys: bytes, or str, which stands for its UTF-8.

    Raises:
        TypeError: if a key is neither.
        ValueError: if a key is empty.

    Example:
        >>> table = KeyTable([b"cat", "dog"])
        >>> len(table), table[1]
        (2, b'dog')
    """

    __slots__ = ("_bytes", "_ends", "ascending", "at")

    def __init__(self, keys: Iterable[bytes | str]) -> None:
        joined = bytearray()
        ends = array("Q", [0])
        ascending = True
        before = b""
        for number, key in enumerate(keys):
            encoded = key.encode() if isinstance(key, str) else key
            if not isinstance(encoded, bytes):
                raise TypeError(f"keys[{number}] is {key!r}; a key of an LMDB is bytes or a str")
            if not encoded:
                raise ValueError(f"keys[{number}] is empty, which a key of an LMDB cannot be")
            ascending = ascending and before < encoded
            before = encoded
            joined += encoded
            ends.append(len(joined))
        self._bytes = bytes(joined)
        self._ends = ends
        self.ascending = ascending
        self.at: Callable[[int], bytes] = self.__getitem__

    @classmethod
    def scanned(cls, keys: Iterable[bytes]) -> Self:
        """Return the table of keys that a database has given, in its order.

        >>> len(KeyTable.scanned([b"cat", b"dog"]))
        2
        """
        table = cls(())
        joined = bytearray()
        several = iter(keys)
        while some := [*islice(several, _SCANNED_AT_ONCE)]:
            ends = accumulate(map(len, some), initial=len(joined))
            next(ends)
            table._ends.extend(ends)
            joined += b"".join(some)
        table._bytes = bytes(joined)
        return table

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int, /) -> bytes:
        if 0 <= index < len(self._ends) - 1:
            return self._bytes[self._ends[index] : self._ends[index + 1]]
        raise IndexError(f"index {index} is outside of 0 ... {len(self) - 1}")

    def are(self, found: Sequence[bytes], start: int) -> bool:
        """Whether `found` are the keys from index `start` on."""
        ends = self._ends[start : start + len(found) + 1]
        return (
            b"".join(found) == self._bytes[ends[0] : ends[-1]]
            and [*accumulate(map(len, found), initial=ends[0])] == ends.tolist()
        )


def _split_block(at: Callable[[int], bytes]) -> tuple[int, list[bytes]]:
    """Return how much the keys of a block have in common, and what follows in each of them.

    >>> head, tails = _split_block(b"img%04d.jpg".__mod__)
    >>> head, tails[42]
    (5, b'42.jpg')
    """
    block = [*map(at, range(BLOCK))]
    if len(block[0]) != len(block[-1]):
        return 0, []
    head = next(place for place, pair in enumerate(zip(block[0], block[-1])) if len({*pair}) > 1)
    return head, [key[head:] for key in block]


def guess_template(first: bytes, last: bytes, count: int) -> str | None:
    """Return the format string that makes the first and the last of `count` keys, if one does.

    Only one whose numbers have a fixed width, so that it makes all keys in a database's order.

    >>> guess_template(b"img-000", b"img-412", 413), guess_template(b"000", b"412", 400)
    ('img-{:03d}', None)
    """
    match = _NUMBERED_ZERO.fullmatch(first)
    if match is None:
        return None
    try:
        before, after = (part.decode("ascii") for part in match.group(1, 3))
    except UnicodeDecodeError:
        return None
    before, after = (part.replace("{", "{{").replace("}", "}}") for part in (before, after))
    template = f"{before}{{:0{len(match[2])}d}}{after}"
    ends = [template.format(index).encode() for index in (0, count - 1)]
    return template if ends == [first, last] else None


def _plain_number(template: str) -> bytes | None:
    """Return a template for `%` that does what one for `str.format` does, if there is one.

    >>> _plain_number("img{:0>8d}"), _plain_number("{:x}")
    (b'img%08d', None)
    """
    fields = [*Formatter().parse(template)]
    if len(fields) > 2 or any(field[1] is not None for field in fields[1:]):
        return None
    before, name, spec, conversion = fields[0]
    padded = _ZERO_PADDED.fullmatch(spec or "")
    if name not in ("", "0") or conversion is not None or padded is None:
        return None
    after = fields[1][0] if len(fields) > 1 else ""
    number = f"%0{padded[1]}d" if padded[1] else "%d"
    return (before.replace("%", "%%") + number + after.replace("%", "%%")).encode()
