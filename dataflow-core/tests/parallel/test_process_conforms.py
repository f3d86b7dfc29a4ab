"""The process backend passes the suite that every backend with worker processes must."""

from __future__ import annotations

import pytest

from dataflow_core.testing import ProcessBackendConformance


class TestProcessBackend(ProcessBackendConformance):
    @pytest.fixture
    def backend(self) -> str:
        return "process"
