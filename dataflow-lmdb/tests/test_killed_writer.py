"""A writer that is killed at any time leaves nothing, or what can be read and continued."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from dataflow_lmdb import (
    DatabaseNotFoundError,
    EmptyDatabaseError,
    LMDBSerializer,
    NotAnLMDBError,
    UnfinishedDatabaseWarning,
)

RECORDS = 3000
PROGRAM = f"""
import sys
from dataflow_core import DataFromList, rng
from dataflow_lmdb import LMDBSerializer
flow = DataFromList([[i, bytes([i % 256]) * (i % 3000)] for i in range({RECORDS})])
flow = flow.map(lambda dp: [*dp, int(rng().integers(1 << 30))])
flow.reset_state(seed=1)
print("ready", flush=True)
LMDBSerializer.save(flow, sys.argv[1], 7, resume=True, progress=False)
"""


def start(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
def test_a_writer_killed_at_random_and_started_again_writes_the_same(
    tmp_path: Path, seed: int
) -> None:
    draws = random.Random(seed)
    whole, path = tmp_path / "whole.lmdb", tmp_path / "killed.lmdb"
    began = time.perf_counter()
    with start(whole) as process:
        process.wait()
    spent = time.perf_counter() - began
    assert process.returncode == 0
    expected = list(LMDBSerializer.load(whole, shuffle=False))
    assert len(expected) == RECORDS

    before = 0
    for _ in range(5):
        with start(path) as process:
            try:
                process.wait(draws.uniform(0, spent / 3))
            except subprocess.TimeoutExpired:
                process.kill()
        warnings.simplefilter("ignore", UnfinishedDatabaseWarning)
        try:
            with LMDBSerializer.load(path, shuffle=False) as flow:
                found = list(flow)
        except (DatabaseNotFoundError, EmptyDatabaseError, NotAnLMDBError):
            found = []
        assert len(found) >= before
        assert found == expected[: len(found)]
        before = len(found)
    with start(path) as process:
        process.wait()
    assert process.returncode == 0
    assert list(LMDBSerializer.load(path, shuffle=False)) == expected
