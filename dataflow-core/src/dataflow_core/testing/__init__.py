"""The contracts of backends and sources, as suites to subclass; needs the extra `[testing]`.

A third party writes one subclass and one fixture, and has all of our tests::

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend(self):
            return MyBackend()
"""

from __future__ import annotations

from dataflow_core.testing.backend import BackendConformance
from dataflow_core.testing.canonical import canonical
from dataflow_core.testing.catalogue import PIPELINES
from dataflow_core.testing.remains import Remains
from dataflow_core.testing.source import SourceConformance
from dataflow_core.testing.streams import assert_same_stream, json_round_trip, seeded_flow
from dataflow_core.testing.waiting import wait_until

__all__ = [
    "PIPELINES",
    "BackendConformance",
    "Remains",
    "SourceConformance",
    "assert_same_stream",
    "canonical",
    "json_round_trip",
    "seeded_flow",
    "wait_until",
]
