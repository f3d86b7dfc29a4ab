"""The command line as users meet it: in this process, and as a script of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataflow_script import Script

TIMEOUT_S = 60


@pytest.fixture
def dataflow(tmp_path: Path) -> Script:
    """Run the script in a process of its own, in an empty folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if k != "DATAFLOW_DISABLE_PLUGINS"}
        return subprocess.run(
            [sys.executable, "-c", "from dataflow_core.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=clean | environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    return run


@pytest.fixture
def broken_site(tmp_path: Path) -> str:
    """A folder for PYTHONPATH, where three commands are installed: two of them are broken."""
    site = tmp_path / "site"
    info = site / "dataflow_foreign-0.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dataflow-foreign\nVersion: 0.7\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[dataflow.commands]\n"
        "greet = foreign_commands:greet\n"
        "broken = foreign_broken:command\n"
        "untypeable = foreign_commands:untypeable\n"
        "constant = foreign_commands:constant\n"
        "[dataflow.sources]\n"
        "fake = foreign_commands:greet\n"
        "a_name_that_is_far_too_long_for_a_terminal_of_eighty_columns = foreign_broken:Source\n"
        "[dataflow.hooks]\n"
        "foreign = foreign_broken\n",
        encoding="utf-8",
    )
    (site / "foreign_commands.py").write_text(
        "import typer\n"
        "from dataflow_core import DataFlowError\n"
        "constant = 3\n"
        "def greet(name: str, fail: bool = False) -> None:\n"
        "    '''Greet somebody.'''\n"
        "    if fail:\n"
        "        raise DataFlowError(f'no greeting for {name}')\n"
        "    typer.echo(f'hello {name}')\n"
        "def untypeable(what: 'list[list[complex]]') -> None:\n"
        "    '''Take what no command line can give.'''\n",
        encoding="utf-8",
    )
    (site / "foreign_broken.py").write_text("import a_library_that_is_gone\n", encoding="utf-8")
    return str(site)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
