"""A private address that leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

#: A Unix socket's path must fit into its address (108 bytes on Linux, 104 on macOS).
LONGEST_PATH = 100


class Endpoint:
    """An `ipc://` address in a directory that only this user can enter.

    Once it is bound, the socket's file is only needed to connect to it. Linux can do that by way
    of a descriptor, which children inherit, so there the file is gone before anyone can be killed.
    Elsewhere it stays until `close`, and workers that outlive this process remove it.

    Attributes:
        address: to bind to.
        directory: where the file lies, if it is still there.
        descriptors: that a child needs to connect.
    """

    def __init__(self) -> None:
        directory = tempfile.mkdtemp(prefix="dataflow-")
        if len(directory) + 2 > LONGEST_PATH:
            Path(directory).rmdir()
            directory = tempfile.mkdtemp(prefix="dataflow-", dir="/tmp")
        self.directory: str | None = directory
        self.address = f"ipc://{Path(directory, 's')}"
        self.descriptors: list[int] = []

    def hide(self) -> None:
        """Remove the file, if there is another way to the socket that is bound there."""
        if self.directory is None or not hasattr(os, "O_PATH"):
            return
        descriptor = os.open(Path(self.directory, "s"), os.O_PATH | os.O_CLOEXEC)
        self.descriptors.append(descriptor)
        if _leads_to_a_socket(descriptor):
            self._remove()

    @property
    def for_children(self) -> str:
        """The address to connect to, in a process that inherits the descriptors."""
        if self.directory is not None:
            return self.address
        return f"ipc:///proc/self/fd/{self.descriptors[0]}"

    def close(self) -> None:
        """Remove what is left; connections stay."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()
        self._remove()

    def _remove(self) -> None:
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None


def _leads_to_a_socket(descriptor: int) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").is_socket()
