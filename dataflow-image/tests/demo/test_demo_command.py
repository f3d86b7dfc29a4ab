from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

pytest.importorskip("typer")
pytest.importorskip("skimage")
pytest.importorskip("dataflow_lmdb")

from typer.testing import CliRunner

from dataflow_core.cli.app import app
from dataflow_image.demo import requirements

TIMEOUT_S = 60

Run = Callable[..., bytes]


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the demo in this process, and return the contact sheet's bytes."""

    def run(*arguments: str) -> bytes:
        out = tmp_path_factory.mktemp("demo") / "sheet.png"
        done = CliRunner().invoke(app, ["demo", "--epochs=2", f"--out={out}", *arguments])
        assert done.exit_code == 0, done.output
        return out.read_bytes()

    return run


@pytest.fixture(scope="module")
def expected(sheet: Run) -> bytes:
    return sheet("--backend=inline", "--workers=1", "--seed=5")


@pytest.mark.parametrize(("backend", "workers"), [("inline", 2), ("thread", 3)])
def test_the_same_seed_gives_the_same_sheet_whoever_works(
    sheet: Run, expected: bytes, backend: str, workers: int
) -> None:
    assert sheet("--seed=5", f"--backend={backend}", f"--workers={workers}") == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_seed_gives_the_same_sheet_out_of_processes(
    sheet: Run, expected: bytes, workers: int
) -> None:
    pytest.importorskip("dataflow_zmq")
    assert sheet("--seed=5", f"--workers={workers}") == expected


def test_another_seed_gives_another_sheet(sheet: Run, expected: bytes) -> None:
    assert sheet("--seed=6", "--backend=inline") != expected


def test_the_sheet_is_a_picture_of_many_colours(expected: bytes, tmp_path: Path) -> None:
    (tmp_path / "sheet.png").write_bytes(expected)
    picture = cv2.imread(str(tmp_path / "sheet.png"))
    assert min(picture.shape[:2]) > 1000
    assert picture.std() > 20


def test_it_tells_what_it_did_and_leaves_nothing_but_the_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["demo", "--backend=thread", "--epochs=3"])
    assert done.exit_code == 0, done.output
    assert "320 JPEGs of 9 photographs" in done.stdout
    rates = re.findall(
        r"^epoch (\d): every image .*exactly once, [\d,]+ images/s", done.stdout, re.MULTILINE
    )
    assert rates == ["0", "1", "2"]
    assert f"contact sheet: {tmp_path / 'dataflow-demo.png'}" in done.stdout
    assert list(temporary.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"tmp", "dataflow-demo.png"}


def test_one_epoch_is_enough(sheet: Run) -> None:
    assert sheet("--epochs=1", "--backend=inline")


class TestWhatCannotRun:
    def demo(
        self, folder: Path, *arguments: str, off: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "from dataflow_core.cli import main; main()",
                "demo",
                *arguments,
            ],
            cwd=folder,
            env={**os.environ, "DATAFLOW_DISABLE_PLUGINS": off},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    @pytest.mark.parametrize(
        ("off", "arguments", "command"),
        [
            ("dataflow-lmdb", (), "pip install dataflow-lmdb"),
            ("dataflow-zmq", (), "pip install dataflow-zmq"),
            ("dataflow-lmdb,dataflow-zmq", (), "pip install dataflow-lmdb dataflow-zmq"),
            ("dataflow-lmdb,dataflow-zmq", ("--backend=thread",), "pip install dataflow-lmdb"),
        ],
    )
    def test_a_missing_plugin_is_one_line_with_the_pip_command(
        self, tmp_path: Path, off: str, arguments: tuple[str, ...], command: str
    ) -> None:
        pytest.importorskip("dataflow_zmq")
        done = self.demo(tmp_path, *arguments, off=off)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert line.endswith(command)

    def test_the_missing_extra_is_one_line_with_the_pip_command(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(requirements, "find_spec", lambda name: None)
        done = CliRunner().invoke(app, ["demo", "--backend=thread"])
        assert done.exit_code == 1
        [line] = done.output.splitlines()
        assert line.endswith('pip install "dataflow-image[demo]"')

    def test_an_unknown_backend_is_told_with_those_near(self, tmp_path: Path) -> None:
        done = self.demo(tmp_path, "--backend=thred")
        assert done.returncode == 2
        assert "near it: thread" in done.stderr

    def test_a_folder_that_is_not_there_is_told_before_any_work(self, tmp_path: Path) -> None:
        done = self.demo(tmp_path, "--backend=inline", "--out=nowhere/sheet.png")
        assert done.returncode == 1
        assert str(tmp_path / "nowhere") in done.stderr
        assert done.stdout == ""

    @pytest.mark.parametrize("option", ["--epochs=0", "--workers=0", "--seed=-1"])
    def test_numbers_out_of_range_are_refused(self, tmp_path: Path, option: str) -> None:
        done = self.demo(tmp_path, option)
        assert done.returncode == 2
        assert option.partition("=")[0] in done.stderr
