"""The contracts of backends and sources, as suites to subclass; needs the extra `[testing]`.

A third party writes one subclass and one fixture, and has all of our tests::

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend(self):
            return MyBackend()
"""

from __future__ import annotations

import pytest

# Before they are imported, so that a failing assert shows its values.
pytest.register_assert_rewrite(
    *(f"{__name__}.backend_{suite}" for suite in ("failures", "life", "streams", "terms")),
    *(f"{__name__}.process_{suite}" for suite in ("deaths", "programs", "wires")),
    f"{__name__}.program",
    f"{__name__}.source",
)

from dataflow_core.testing.backend import BackendConformance  # noqa: E402
from dataflow_core.testing.canonical import canonical  # noqa: E402
from dataflow_core.testing.catalogue import PIPELINES  # noqa: E402
from dataflow_core.testing.process_backend import ProcessBackendConformance  # noqa: E402
from dataflow_core.testing.program import Program, alive, in_group, run_program  # noqa: E402
from dataflow_core.testing.remains import Remains  # noqa: E402
from dataflow_core.testing.source import SourceConformance  # noqa: E402
from dataflow_core.testing.streams import assert_same_stream, json_round_trip, seeded_flow  # noqa: E402
from dataflow_core.testing.waiting import wait_until  # noqa: E402

__all__ = [
    "PIPELINES",
    "BackendConformance",
    "ProcessBackendConformance",
    "Program",
    "Remains",
    "SourceConformance",
    "alive",
    "assert_same_stream",
    "canonical",
    "in_group",
    "json_round_trip",
    "run_program",
    "seeded_flow",
    "wait_until",
]
