"""Keep memory that is freed, for the next datapoint, which needs as much.

glibc asks the system for pieces from 128 KiB on, and gives them back as soon as they are freed; the
system fills them with zeros, page by page, for whoever asks next. For a pipeline that makes an
image and forgets it, that takes half as long again as to decode the image. But glibc learns: once
a piece was freed, it keeps what it has for pieces of up to that size, and twice as much of what
is free at the end of its memory. So one piece is enough, which nobody ever writes to.
"""

from __future__ import annotations

from functools import cache

import numpy as np

#: Larger than images mostly are. What may be kept for nothing is twice as much.
KEPT_BYTES = 8 << 20


@cache
def keep_freed_memory() -> None:
    """Have the allocator of this process keep memory that is freed; only the first call works.

    Other allocators than glibc's have ways of their own, and this does nothing to them.
    """
    np.empty(KEPT_BYTES, np.uint8)
