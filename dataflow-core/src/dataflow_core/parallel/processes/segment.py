"""Shared memory without a name: nothing that could be left behind."""

from __future__ import annotations

import mmap
import os
import tempfile
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


def map_segment(descriptor: int, size: int) -> Bytes:
    """Return the segment as (size,) uint8; the mapping lives as long as arrays over it do."""
    return np.frombuffer(mmap.mmap(descriptor, size), np.uint8)
