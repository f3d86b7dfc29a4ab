"""The thread backend: workers that share the interpreter.

They run at the same time where the work lets go of the GIL, as decoding and resizing images,
reading files and numpy's loops over large arrays do. Nothing is copied or pickled.
"""

from __future__ import annotations

import threading
import time
import warnings
from queue import Empty, SimpleQueue
from typing import ClassVar

from dataflow_core import hooks
from dataflow_core.parallel.part import WorkersPart
from dataflow_core.parallel.task import Draws, Failure, Result, Task
from dataflow_core.parallel.worker import Worker, make_worker

#: Stands among the tasks for: let go of what a run that is over had open.
_LET_GO = Task(-1, Draws(0, 0))

#: How long closing waits for the workers to end the datapoints they are at, all together.
CLOSE_SECONDS = 5.0


class ThreadBackend:
    """Runs the workers' part in threads of this process."""

    name: ClassVar[str] = "thread"

    def start(self, part: WorkersPart, num_workers: int) -> ThreadPool:
        """Return a pool of `num_workers` threads."""
        return ThreadPool(part, num_workers)


class ThreadPool:
    """Threads around one queue of tasks and one of results."""

    def __init__(self, part: WorkersPart, num_workers: int) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        # Daemons: an interpreter that exits does not wait for a worker stuck in the user's code.
        self._threads = [
            threading.Thread(
                target=_work,
                args=(part, worker, self._tasks, self._results),
                name=f"dataflow-thread-{worker}",
                daemon=True,
            )
            for worker in range(num_workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> None:
        """Queue a task."""
        self._tasks.put(task)

    def receive(self) -> Result:
        """Wait for the next result."""
        return self._results.get()

    def cancel(self) -> None:
        """Forget the tasks that no thread has taken."""
        try:
            while True:
                self._tasks.get_nowait()
        except Empty:
            pass
        for _ in self._threads:
            self._tasks.put(_LET_GO)

    def close(self) -> None:
        """End the threads after the datapoint each is at.

        Warns:
            ResourceWarning: if some are still at it after 5 s; they are left behind.
        """
        self.cancel()
        threads, self._threads = self._threads, []
        for _ in threads:
            self._tasks.put(None)
        others = [thread for thread in threads if thread is not threading.current_thread()]
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in others:
            thread.join(max(0.0, deadline - time.monotonic()))
        busy = [thread.name for thread in others if thread.is_alive()]
        if busy:
            warnings.warn(
                f"still busy after {CLOSE_SECONDS:g} s, and left behind: {', '.join(busy)}",
                ResourceWarning,
                stacklevel=2,
            )


def _work(
    part: WorkersPart, number: int, tasks: SimpleQueue[Task | None], results: SimpleQueue[Result]
) -> None:
    worker: Worker | None = None
    while (task := tasks.get()) is not None:
        if task is _LET_GO:
            if worker is not None:
                worker.close()
            continue
        try:
            if worker is None:
                hooks.worker_started(ThreadBackend.name, number)
                worker = make_worker(part, in_process=True)
            result = worker.run(task)
        except BaseException as error:  # noqa: BLE001  a thread's end would be a hang elsewhere
            result = Result(task.number, [], [], failure=Failure(error))
        results.put(result)
    if worker is not None:
        worker.close()
        hooks.worker_stopping(ThreadBackend.name, number)
