"""The ground that the suites of a backend stand on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

import pytest

from dataflow_core.flow import DataFlow
from dataflow_core.parallel import Backend, ParallelData
from dataflow_core.testing.streams import SEED


class Parallel(Protocol):
    """Puts a flow on the backend that is under test."""

    def __call__(self, flow: DataFlow, num_workers: int = 2, **options: Any) -> ParallelData:
        """Return the flow in parallel, seeded; it is closed when the test is over.

        Args:
            flow: the flow.
            num_workers: how many workers.
            options: of ParallelData.
        """


class BackendCase:
    """Fixtures of a backend's suites."""

    #: Whether the workers run in the process that iterates.
    workers_share_memory: ClassVar[bool] = True

    @pytest.fixture
    def backend(self) -> str | Backend:
        """Return the backend, or its name. Subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'backend'")

    @pytest.fixture
    def parallel(self, backend: str | Backend) -> Iterator[Parallel]:
        """Return a function that puts a flow on the backend."""
        made: list[ParallelData] = []

        def make(flow: DataFlow, num_workers: int = 2, **options: Any) -> ParallelData:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of workers that stay idle
                made.append(ParallelData(flow, num_workers, backend, **options))
            made[-1].reset_state(SEED)
            return made[-1]

        yield make
        for flow in made:
            flow.close()
