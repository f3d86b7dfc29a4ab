"""What goes on in a thread while something is tested."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class Meanwhile:
    """Runs `_run`, which subclasses write, in a thread until the `with` ends."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join()
        self._close()

    def _run(self) -> None:
        """Go on until `_stop` is set."""
        raise NotImplementedError

    def _close(self) -> None:
        """Let go of what `_run` used."""
