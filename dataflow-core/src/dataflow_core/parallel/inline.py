"""The inline backend: no workers at all, for debugging."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from dataflow_core import hooks
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.task import Result, Task
from dataflow_core.parallel.worker import make_worker


class InlineBackend:
    """Runs the workers' part where the flow is iterated: `pdb`, prints and tracebacks are plain."""

    name: ClassVar[str] = "inline"

    def start(self, part: WorkersPart, num_workers: int) -> InlinePool:
        """Return a pool of one worker, whatever `num_workers` says."""
        del num_workers
        return InlinePool(part)


class InlinePool:
    """Runs a task when its result is asked for."""

    def __init__(self, part: WorkersPart) -> None:
        self._worker = make_worker(part, in_process=True)
        self._waiting: deque[Task] = deque()
        self._closed = False
        hooks.worker_started(InlineBackend.name, 0)

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._waiting.append(task)

    def receive(self) -> Result:
        """Run the next task."""
        return self._worker.run(self._waiting.popleft())

    def cancel(self) -> None:
        """Forget the tasks."""
        self._waiting.clear()
        self._worker.close()

    def close(self) -> None:
        """Close what the worker has open."""
        if not self._closed:
            self._closed = True
            self.cancel()
            hooks.worker_stopping(InlineBackend.name, 0)
