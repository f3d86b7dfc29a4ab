"""The table of well-known names is what the packages really offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataflow_core.registry.install_hints import install_hint
from dataflow_core.registry.kinds import KINDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", ["dataflow-image", "dataflow-lmdb", "dataflow-zmq"])
def test_every_name_of_a_package_has_its_install_command(package: str) -> None:
    tomllib = pytest.importorskip("tomllib", reason="from Python 3.11 on")
    project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
    for kind in KINDS:
        for name in project["entry-points"].get(f"dataflow.{kind}", {}):
            assert install_hint(name) == f"pip install {package}"
