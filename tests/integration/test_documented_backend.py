"""The backend that the documentation shows passes the suite that it recommends."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dataflow_core.testing import BackendConformance

PAGE = Path(__file__).parents[2] / "docs" / "write-a-backend.md"


@cache
def names_on_the_page() -> dict[str, Any]:
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    found: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    return found


class TestBackendOfThePage(BackendConformance):
    @pytest.fixture
    def backend(self) -> Any:
        return names_on_the_page()["ExecutorBackend"]()
