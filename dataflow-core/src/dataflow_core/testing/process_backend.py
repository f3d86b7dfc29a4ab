"""What every backend whose workers are processes of this machine promises."""

from __future__ import annotations

from typing import ClassVar

from dataflow_core.testing.backend import BackendConformance
from dataflow_core.testing.process_deaths import BackendDeaths
from dataflow_core.testing.process_programs import BackendPrograms
from dataflow_core.testing.process_wires import BackendWires


class ProcessBackendConformance(BackendConformance, BackendDeaths, BackendWires, BackendPrograms):
    """The suite of a backend with worker processes: subclass it and write the fixture `backend`.

    The fixture returns the backend, or the name under which it is registered; the programs that
    are run need the name.

    Example::

        class TestMyBackend(ProcessBackendConformance):
            @pytest.fixture
            def backend(self):
                return "mine"
    """

    workers_share_memory: ClassVar[bool] = False
