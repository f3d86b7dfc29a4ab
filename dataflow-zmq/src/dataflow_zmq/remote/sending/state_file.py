"""The file in which a sender keeps how far it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from dataflow_core import StateError
from dataflow_zmq.errors import RemoteRefusedError

try:
    import fcntl
except ImportError:  # Windows, where whoever has a file open keeps others from it
    fcntl = None  # type: ignore[assignment]

VERSION = 1

_REMEDY = "name another file, or delete this one to begin anew"


class StateFile:
    """A JSON file that is always whole, and that one process at a time may use.

    Args:
        path: of the file; `path.lock` beside it is held while this is open.

    Attributes:
        path: the same.

    Raises:
        RemoteRefusedError: another sender uses it.
        OSError: it cannot be written beside.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise IsADirectoryError(f"state_file: {self.path} is a folder; name a file in it")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"state_file: there is no folder for {self.path.absolute()}; make it first"
            )
        self._lock_path = self.path.with_name(self.path.name + ".lock")
        self._lock = self._acquire()

    def _acquire(self) -> BinaryIO:
        while True:
            lock = self._lock_path.open("ab")
            try:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had it before may have removed it in between.
                if _same(lock, self._lock_path):
                    return lock
            except BlockingIOError:
                lock.close()
                raise RemoteRefusedError(
                    f"{self.path} is in use by another sender; each needs a state_file= of its own"
                ) from None
            lock.close()

    def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last; None if nothing ever was.

        Raises:
            StateError: the file is none of ours.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            content = json.loads(text)
        except ValueError as error:
            raise StateError(
                f"{self.path} is no sender's state file: {error}; {_REMEDY}"
            ) from error
        if not isinstance(content, dict) or content.get("version") != VERSION:
            raise StateError(
                f"{self.path} is no sender's state file of version {VERSION}; {_REMEDY}"
            )
        return content

    def save(self, content: Mapping[str, object]) -> None:
        """Replace what was saved; killed at any moment, the file is the old one or the new one.

        Raises:
            OSError: it cannot be written.
        """
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(json.dumps({"version": VERSION, **content}), encoding="utf-8")
        new.replace(self.path)

    def close(self) -> None:
        """Let others use the file."""
        with suppress(FileNotFoundError):
            self._lock_path.unlink()
        self._lock.close()


def _same(opened: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    except FileNotFoundError:
        return False
