"""How a pipeline runs in several workers: the plan, the engine, the backends.

The names here are what a backend of one's own is made of.
"""

from __future__ import annotations

from dataflow_core.parallel.backend import Backend, Pool
from dataflow_core.parallel.data import ParallelData
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.remote import decode_result, decode_task, encode_result, encode_task
from dataflow_core.parallel.spawn import WorkerProcess, stop_all
from dataflow_core.parallel.task import Draws, Failure, Lost, Result, Task
from dataflow_core.parallel.worker import Worker, make_worker

__all__ = [
    "Backend",
    "Draws",
    "Failure",
    "Lost",
    "ParallelData",
    "Pool",
    "Result",
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
