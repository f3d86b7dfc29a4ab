"""Wait for what another thread or process does, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Between two looks at something that cannot tell by itself.
LOOK_SECONDS = 0.01


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Return whether `holds()` became true in time.

    Example:
        >>> wait_until(lambda: True)
        True
        >>> wait_until(lambda: False, seconds=0.0)
        False
    """
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not holds():
        if time.monotonic() >= deadline:
            return False
        never.wait(LOOK_SECONDS)
    return True
