"""What a task costs by itself, on either backend, beside a bare queue or pipe.

Every datapoint is a task of its own and nothing is done to it, so that all the time is the
engine's and the backend's. The bare side sends numbers there and back, by as many workers and with
as many under way.

    python benchmarks/tasks.py [--tasks 20000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing

from alternating import measure
from bare.echo import Pipes, Queues, run
from work.timed import seconds_for

from dataflow_core import IndexedDataFlow

WORKERS = 2

#: So many tasks may be under way by default, too.
IN_FLIGHT = WORKERS + 2

AIM_THREAD_US = 15
AIM_PROCESS_US = 40


class Numbers(IndexedDataFlow):
    """[0], [1], ...

    Args:
        size: how many.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[int]:
        return [index]


def task_cost(
    backend: str, bare: Callable[[], float], count: int, rounds: int, aim: float | None
) -> None:
    """Print what a task takes, and what a message takes."""
    with Numbers(count).parallel(WORKERS, backend=backend, max_in_flight=IN_FLIGHT) as df:
        timings = measure(lambda: seconds_for(df, count), bare, rounds)
    ours, theirs = (min(times) / count * 1e6 for times in (timings.ours, timings.limit))
    verdict = ""
    if aim is not None:
        verdict = f" (aim ≤ {aim:.0f}, {'reached' if ours <= aim else 'MISSED'})"
    print(f"{backend} backend, µs per task: {ours:.1f}{verdict}; bare {theirs:.1f}", flush=True)


def main() -> None:
    """Print one line per backend."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--tasks", type=int, default=20_000, help="per run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of either side")
    options = parser.parse_args()
    count, rounds = options.tasks, options.rounds
    with closing(Queues(WORKERS)) as queues:

        def through_queues() -> float:
            began = time.perf_counter()
            run(queues, count, IN_FLIGHT)
            return time.perf_counter() - began

        task_cost("thread", through_queues, count, rounds, AIM_THREAD_US)
    with closing(Pipes(WORKERS)) as pipes:

        def through_pipes() -> float:
            began = time.perf_counter()
            run(pipes, count, IN_FLIGHT)
            return time.perf_counter() - began

        task_cost("process", through_pipes, count, rounds, AIM_PROCESS_US)
        task_cost("zmq", through_pipes, count, rounds, None)


if __name__ == "__main__":
    main()
