"""Core's own backends pass the suite that everybody's must."""

from __future__ import annotations

import pytest

from dataflow_core.testing import BackendConformance


class TestInlineBackend(BackendConformance):
    @pytest.fixture
    def backend(self) -> str:
        return "inline"


class TestThreadBackend(BackendConformance):
    @pytest.fixture
    def backend(self) -> str:
        return "thread"
