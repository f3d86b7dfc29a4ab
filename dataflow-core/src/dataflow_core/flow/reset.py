"""Only the outermost `reset_state()` seeds; those it calls upstream just open what they need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Resetting(threading.local):
    depth = 0


_now = _Resetting()


def resets_alone() -> bool:
    """Whether a reset called now is the outermost of this thread."""
    return _now.depth == 0


@contextmanager
def resetting() -> Iterator[None]:
    """Mark what is called within as part of a reset."""
    _now.depth += 1
    try:
        yield
    finally:
        _now.depth -= 1
