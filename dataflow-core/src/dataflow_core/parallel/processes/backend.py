"""The process backend."""

from __future__ import annotations

from typing import ClassVar

from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.processes.pool import ProcessPool
from dataflow_core.parallel.processes.spawn import StartMethod


class ProcessBackend:
    """Runs the workers' part in fresh processes; large arrays travel in shared memory.

    Crosses processes: the part once per worker (cloudpickle), tasks and results as pickles over
    a Unix socket pair. Arrays that come out live in a slot of shared memory, which is used
    again when the last of them is gone.

    Args:
        limit_bytes: how much shared memory each worker may fill; results that find no room are
            copied through the socket. None: as much as the window asks for.
        start_method: "fresh" starts new interpreters; "fork" forks this process, which is quicker
            and riskier, with a warning if other threads are alive.

    Raises:
        ValueError: if `start_method` is neither, or `limit_bytes` is negative.
    """

    name: ClassVar[str] = "process"

    def __init__(self, limit_bytes: int | None = None, start_method: StartMethod = "fresh") -> None:
        if start_method not in ("fresh", "fork"):
            raise ValueError(f'start_method is "fresh" or "fork", not {start_method!r}')
        if limit_bytes is not None and limit_bytes < 0:
            raise ValueError(f"limit_bytes is at least 0, or None, got {limit_bytes}")
        self.limit_bytes = limit_bytes
        self.start_method: StartMethod = start_method

    def start(self, part: WorkersPart, num_workers: int) -> ProcessPool:
        """Start `num_workers` processes.

        Raises:
            NotPicklableError: if the part cannot be pickled.
        """
        return ProcessPool(part, num_workers, self.limit_bytes, self.start_method)
