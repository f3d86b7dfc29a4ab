"""Worker processes and remote flows over ZeroMQ, for DataFlow."""

from __future__ import annotations

from dataflow_zmq.backend import ZMQBackend
from dataflow_zmq.errors import (
    RemoteError,
    RemoteLostError,
    RemotePipelineError,
    RemoteRefusedError,
)
from dataflow_zmq.prefetch import (
    MultiProcessMapAndBatchDataZMQ,
    MultiProcessMapDataZMQ,
    MultiProcessRunnerZMQ,
    PrefetchDataZMQ,
)
from dataflow_zmq.remote.sender import send_dataflow_zmq
from dataflow_zmq.remote.source import RemoteDataZMQ

__all__ = [
    "MultiProcessMapAndBatchDataZMQ",
    "MultiProcessMapDataZMQ",
    "MultiProcessRunnerZMQ",
    "PrefetchDataZMQ",
    "RemoteDataZMQ",
    "RemoteError",
    "RemoteLostError",
    "RemotePipelineError",
    "RemoteRefusedError",
    "ZMQBackend",
    "__version__",
    "send_dataflow_zmq",
]

__version__ = "0.1.0"
