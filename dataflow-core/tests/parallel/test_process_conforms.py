"""The process backend passes the suite that every backend must."""

from __future__ import annotations

from typing import ClassVar

import pytest

from dataflow_core.testing import BackendConformance


class TestProcessBackend(BackendConformance):
    workers_share_memory: ClassVar[bool] = False

    @pytest.fixture
    def backend(self) -> str:
        return "process"
