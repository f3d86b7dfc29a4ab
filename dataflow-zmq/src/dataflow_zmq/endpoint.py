"""A private address that leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

#: A Unix socket's path must fit into its address (108 bytes on Linux, 104 on macOS).
LONGEST_PATH = 100


class Endpoint:
    """An `ipc://` address in a directory that only this user can enter.

    Once all workers are connected the socket's file is not needed any more, so it is removed
    then, rather than at the end, which a killed process would not live to see.
    """

    def __init__(self) -> None:
        directory = tempfile.mkdtemp(prefix="dataflow-")
        if len(directory) + 2 > LONGEST_PATH:
            Path(directory).rmdir()
            directory = tempfile.mkdtemp(prefix="dataflow-", dir="/tmp")
        self.directory = directory
        self.address = f"ipc://{Path(directory, 's')}"

    def remove(self) -> None:
        """Remove file and directory; connections stay."""
        shutil.rmtree(self.directory, ignore_errors=True)
