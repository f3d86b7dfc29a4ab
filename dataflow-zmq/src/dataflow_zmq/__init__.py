"""Worker processes that talk over ZeroMQ, for DataFlow."""

from __future__ import annotations

from dataflow_zmq.backend import ZMQBackend
from dataflow_zmq.prefetch import (
    MultiProcessMapAndBatchDataZMQ,
    MultiProcessMapDataZMQ,
    MultiProcessRunnerZMQ,
    PrefetchDataZMQ,
)

__all__ = [
    "MultiProcessMapAndBatchDataZMQ",
    "MultiProcessMapDataZMQ",
    "MultiProcessRunnerZMQ",
    "PrefetchDataZMQ",
    "ZMQBackend",
]

__version__ = "0.1.0"
