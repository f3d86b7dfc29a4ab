"""How a pipeline runs in several workers: the plan, the engine, the backends.

The names here are the backends, and what one of one's own is made of. Those that not every
pipeline needs are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dataflow_core.parallel.backend import Backend, Pool
from dataflow_core.parallel.data import ParallelData
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.policy import Retry
from dataflow_core.parallel.task import Draws, Failure, Lost, Result, Task
from dataflow_core.parallel.worker import Worker, make_worker

if TYPE_CHECKING:
    from dataflow_core.parallel.inline import InlineBackend
    from dataflow_core.parallel.processes.backend import ProcessBackend
    from dataflow_core.parallel.processes.roster import Member, Roster
    from dataflow_core.parallel.processes.spawn import WorkerProcess, stop_all
    from dataflow_core.parallel.processes.worker_loop import run_worker
    from dataflow_core.parallel.processes.worker_pool import WorkerPool
    from dataflow_core.parallel.threads import ThreadBackend
    from dataflow_core.parallel.transport.channel import Channel
    from dataflow_core.parallel.transport.frames import (
        decode_result,
        decode_task,
        encode_result,
        encode_task,
    )
    from dataflow_core.parallel.transport.garbled import GarbledError
    from dataflow_core.parallel.transport.slots import (
        Incoming,
        Outgoing,
        create_flags,
        map_flags,
    )
    from dataflow_core.parallel.transport.wire import ClosedError, Message

__all__ = [
    "Backend",
    "Channel",
    "ClosedError",
    "Draws",
    "Failure",
    "GarbledError",
    "Incoming",
    "InlineBackend",
    "Lost",
    "Member",
    "Message",
    "Outgoing",
    "ParallelData",
    "Pool",
    "ProcessBackend",
    "Result",
    "Retry",
    "Roster",
    "Task",
    "ThreadBackend",
    "Worker",
    "WorkerPool",
    "WorkerProcess",
    "WorkersPart",
    "create_flags",
    "decode_result",
    "decode_task",
    "encode_result",
    "encode_task",
    "make_worker",
    "map_flags",
    "run_worker",
    "stop_all",
]

_LATE = {
    "Channel": "transport.channel",
    "ClosedError": "transport.wire",
    "GarbledError": "transport.garbled",
    "Incoming": "transport.slots",
    "InlineBackend": "inline",
    "Member": "processes.roster",
    "Message": "transport.wire",
    "Outgoing": "transport.slots",
    "ProcessBackend": "processes.backend",
    "Roster": "processes.roster",
    "ThreadBackend": "threads",
    "WorkerPool": "processes.worker_pool",
    "WorkerProcess": "processes.spawn",
    "create_flags": "transport.slots",
    "decode_result": "transport.frames",
    "decode_task": "transport.frames",
    "encode_result": "transport.frames",
    "encode_task": "transport.frames",
    "map_flags": "transport.slots",
    "run_worker": "processes.worker_loop",
    "stop_all": "processes.spawn",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
