"""What every backend promises."""

from __future__ import annotations

from dataflow_core.testing.backend_failures import BackendFailures
from dataflow_core.testing.backend_life import BackendLife
from dataflow_core.testing.backend_opening import BackendOpening
from dataflow_core.testing.backend_streams import BackendStreams
from dataflow_core.testing.backend_terms import BackendTerms


class BackendConformance(
    BackendStreams, BackendOpening, BackendFailures, BackendTerms, BackendLife
):
    """The suite of a backend: subclass it and write the fixture `backend`.

    The fixture returns the backend, or the name under which it is registered. Set
    `workers_share_memory = False` if its workers are other processes.

    Example::

        class TestMyBackend(BackendConformance):
            @pytest.fixture
            def backend(self):
                return MyBackend()
    """
