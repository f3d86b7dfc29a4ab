"""The process backend."""

from __future__ import annotations

from typing import ClassVar

from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes.pool import ProcessPool


class ProcessBackend:
    """Runs the workers' part in fresh processes; large arrays travel in shared memory.

    Crosses processes: the part once per worker (cloudpickle), tasks and results as codec frames
    over a Unix socket pair. Arrays that come out live in a slot of shared memory, which is used
    again when the last of them is gone.

    Args:
        limit_bytes: how much shared memory each worker may fill; results that find no room are
            copied through the socket. None: as much as the window asks for.
    """

    name: ClassVar[str] = "process"

    def __init__(self, limit_bytes: int | None = None) -> None:
        self.limit_bytes = limit_bytes

    def start(self, part: WorkersPart, num_workers: int) -> ProcessPool:
        """Start `num_workers` processes.

        Raises:
            NotPicklableError: if the part cannot be pickled.
        """
        return ProcessPool(part, num_workers, self.limit_bytes)
