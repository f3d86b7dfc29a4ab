"""Memory that is used again as soon as nobody looks at it any more.

An allocator keeps small pieces that are freed, but gives large ones back to the system, which
fills them with zeros for the next batch: that takes longer than to stack it.
"""

from __future__ import annotations

import weakref

import numpy as np
import numpy.typing as npt

_Bytes = npt.NDArray[np.uint8]

#: Bytes from which on glibc asks the system for every piece, on 64-bit machines.
LARGE = 32 << 20

#: A piece that was not needed for so many others goes back to the system.
IDLE_FOR = 8


class RecycledMemory:
    """Hands out pieces of memory, by preference such as it has handed out before.

    What is still looked at, from whatever thread and through whatever view, is never handed out.

    Args:
        least_bytes: smaller pieces are left to the allocator, which does as well.

    Example:
        >>> memory = RecycledMemory(least_bytes=100)
        >>> piece = memory.empty(100)
        >>> address = piece.ctypes.data
        >>> memory.empty(100).ctypes.data == address
        False
        >>> del piece
        >>> memory.empty(100).ctypes.data == address
        True
    """

    def __init__(self, least_bytes: int = LARGE) -> None:
        self._least = least_bytes
        self._pieces: list[_Piece] = []
        self._count = 0

    def empty(self, nbytes: int) -> _Bytes:
        """Return (nbytes,) of whatever they hold."""
        if nbytes < self._least:
            return np.empty(nbytes, np.uint8)
        self._count += 1
        self._pieces = [
            piece
            for piece in self._pieces
            if piece.is_lent or self._count - piece.last_used <= IDLE_FOR
        ]
        # A size that differs is another component's.
        for piece in self._pieces:
            if piece.memory.size == nbytes and not piece.is_lent:
                return piece.lend(self._count)
        piece = _Piece(nbytes)
        self._pieces.append(piece)
        return piece.lend(self._count)


class _Piece:
    __slots__ = ("_lent", "last_used", "memory")

    def __init__(self, nbytes: int) -> None:
        self.memory: _Bytes = np.empty(nbytes, np.uint8)
        self.last_used = 0
        self._lent: weakref.ref[_Bytes] | None = None

    @property
    def is_lent(self) -> bool:
        return self._lent is not None and self._lent() is not None

    def lend(self, count: int) -> _Bytes:
        self.last_used = count
        # An array over a buffer, unlike a view of an array, is what its own views keep alive.
        lent = np.frombuffer(self.memory.data, np.uint8)
        self._lent = weakref.ref(lent)
        return lent
