"""The protocol of backends: who runs the workers' part, and how tasks get there and back.

A backend is registered in the group `dataflow.backends`; `dataflow_core.testing` has the suite
that every one of them passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dataflow_core.parallel.part import WorkersPart
    from dataflow_core.parallel.task import Lost, Result, Task


@runtime_checkable
class Backend(Protocol):
    """Starts pools of workers. Its constructor takes no required arguments."""

    #: The name it is registered under.
    name: ClassVar[str]

    def start(self, part: WorkersPart, num_workers: int) -> Pool:
        """Return a pool whose workers all run `part`.

        Raises:
            NotPicklableError: if the part cannot travel to the workers.
        """


class Pool(Protocol):
    """Workers that were started, owned by one engine at a time.

    Tasks start in the order they were submitted, and every one is answered exactly once: by its
    result, or by the news that it was lost.
    """

    def submit(self, task: Task) -> None:
        """Take a task. Never blocks: the engine bounds how many are under way."""

    def receive(self) -> Result | Lost:
        """Return the next answer, in any order of tasks, waiting for it."""

    def cancel(self) -> None:
        """Forget the tasks that no worker has begun; answers to others may still come."""

    def close(self) -> None:
        """Stop the workers and release all they hold. Closing again does nothing."""
