"""The examples run as they are, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TIMEOUT_S = 300


def run(name: str, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", str(EXAMPLES / name), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def batches(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("  batch")]


def test_every_example_is_run_here() -> None:
    tested = {"train_images.py", "detection_images.py", "train_torch.py"}
    assert {file.name for file in EXAMPLES.glob("*.py")} == tested


def test_training_goes_on_where_it_stopped_from_a_folder_and_from_an_lmdb(tmp_path: Path) -> None:
    text = run("train_images.py", cwd=tmp_path)
    titles = ("training, from the folder:", "from the checkpoint on:", "training, from the LMDB")
    places = [
        text.index(title)
        for title in (*titles, "validation, from the folder:", "validation, from the LMDB:")
    ]
    parts = [batches(text[a:b]) for a, b in zip(places, [*places[1:], len(text)], strict=True)]
    folder, resumed, lmdb, of_folder, of_lmdb = parts
    assert len(folder) == 4
    assert resumed == folder[2:]
    assert lmdb == folder
    assert len(of_folder) == 2
    assert of_lmdb == of_folder
    assert list(tmp_path.iterdir()) == []


def test_boxes_arrive_with_their_classes(tmp_path: Path) -> None:
    assert run("detection_images.py", cwd=tmp_path).count("boxes of classes") == 8


def test_a_training_run_that_is_killed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    if not find_spec("torch"):
        pytest.skip("PyTorch is not installed; nox -s torch installs it")
    text = run("train_torch.py", cwd=tmp_path)
    assert "died after step 31" in text
    assert "going on after step 28, with 3 workers" in text
    assert "are the same, bit for bit" in text
    assert list(tmp_path.iterdir()) == []
