"""How a pipeline runs in several workers: the plan, the engine, the backends.

The names here are what a backend of one's own is made of. Those that only backends with worker
processes need are imported when they are asked for.
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
    from dataflow_core.parallel.remote import (
        decode_result,
        decode_task,
        encode_result,
        encode_task,
    )
    from dataflow_core.parallel.roster import Member, Roster
    from dataflow_core.parallel.spawn import WorkerProcess, stop_all

__all__ = [
    "Backend",
    "Draws",
    "Failure",
    "Lost",
    "Member",
    "ParallelData",
    "Pool",
    "Result",
    "Retry",
    "Roster",
    "Task",
    "Worker",
    "WorkerProcess",
    "WorkersPart",
    "decode_result",
    "decode_task",
    "encode_result",
    "encode_task",
    "make_worker",
    "stop_all",
]

_LATE = {
    "Member": "roster",
    "Roster": "roster",
    "WorkerProcess": "spawn",
    "decode_result": "remote",
    "decode_task": "remote",
    "encode_result": "remote",
    "encode_task": "remote",
    "stop_all": "spawn",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
