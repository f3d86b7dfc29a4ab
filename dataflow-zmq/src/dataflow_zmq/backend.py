"""The zmq backend."""

from __future__ import annotations

from typing import ClassVar

from dataflow_core.parallel import WorkersPart
from dataflow_zmq.pool import ZMQPool


class ZMQBackend:
    """Runs the workers' part in fresh processes that talk over ZeroMQ, on this machine.

    Crosses processes: the part once per worker (cloudpickle), tasks and results as codec frames,
    over a Unix socket that only this user can reach.
    """

    name: ClassVar[str] = "zmq"

    def start(self, part: WorkersPart, num_workers: int) -> ZMQPool:
        """Start `num_workers` processes.

        Raises:
            NotPicklableError: if the part cannot be pickled.
        """
        return ZMQPool(part, num_workers)
