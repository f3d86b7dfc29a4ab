"""Shared memory without a name: nothing that could be left behind."""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import weakref
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def create_segment(size: int) -> int:
    """Return a descriptor of `size` bytes of memory that vanishes with its last user.

    A memfd where there are such (Linux); they do not count against /dev/shm. Elsewhere a file
    that is unlinked as soon as it is open.

    Raises:
        OSError: if there is no room for it.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("dataflow", os.MFD_CLOEXEC)
    else:
        descriptor, path = tempfile.mkstemp(prefix="dataflow-")
        Path(path).unlink()
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class _Mapping:
    """A segment in this process's memory, for `numpy.asarray`.

    `mmap.mmap` would keep a descriptor open, without a choice before Python 3.13; whoever keeps a
    thousand batches would soon have none left for anything else.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        address = _libc().mmap(None, size, protection, mmap.MAP_SHARED, descriptor, 0)
        if address == ctypes.c_void_p(-1).value:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        self.__array_interface__ = {
            "data": (address, False),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }
        weakref.finalize(self, _libc().munmap, address, size).atexit = False


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    libc.mmap.restype = pointer
    libc.mmap.argtypes = [pointer, size, number, number, number, ctypes.c_long]
    libc.munmap.argtypes = [pointer, size]
    libc.madvise.argtypes = [pointer, size, number]
    return libc


def map_segment(descriptor: int, size: int) -> Bytes:
    """Return the segment as (size,) uint8; the mapping lives as long as arrays over it do.

    The descriptor may be closed at once.

    Raises:
        OSError: if there is no room for it.
    """
    return np.asarray(_Mapping(descriptor, size))


def discard(memory: Bytes) -> None:
    """Give the pages of a whole segment back to the system, for all that have it mapped.

    Where the system cannot do that (other than Linux) they stay until the last of them lets go.
    """
    if hasattr(mmap, "MADV_REMOVE"):
        _libc().madvise(memory.__array_interface__["data"][0], memory.size, mmap.MADV_REMOVE)


def view_of(memory: Bytes) -> Bytes:
    """Return a view that lives until the last view of it is gone, so that its end tells.

    Of a plain view numpy's views of it would know nothing: they refer to the array at the bottom.
    """
    return np.frombuffer(memory.data, np.uint8)
