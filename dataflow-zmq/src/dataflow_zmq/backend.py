"""The zmq backend."""

from __future__ import annotations

from typing import ClassVar

from dataflow_core.parallel import WorkersPart
from dataflow_zmq.pool import ZMQPool


class ZMQBackend:
    """Runs the workers' part in fresh processes that talk over ZeroMQ, on this machine.

    Crosses processes: the part once per worker (cloudpickle), tasks and results as codec frames,
    over a Unix socket that only this user can reach. Large arrays stay in shared memory, where the
    system lets a parent and its children find each other's (Linux).

    Args:
        limit_bytes: how much shared memory each worker may fill; results that find no room are
            copied through the socket. None: as much as the window asks for.

    Raises:
        ValueError: if `limit_bytes` is negative.
    """

    name: ClassVar[str] = "zmq"

    def __init__(self, limit_bytes: int | None = None) -> None:
        if limit_bytes is not None and limit_bytes < 0:
            raise ValueError(f"limit_bytes is at least 0, or None, got {limit_bytes}")
        self.limit_bytes = limit_bytes

    def start(self, part: WorkersPart, num_workers: int) -> ZMQPool:
        """Start `num_workers` processes.

        Raises:
            NotPicklableError: if the part cannot be pickled.
        """
        return ZMQPool(part, num_workers, self.limit_bytes)
