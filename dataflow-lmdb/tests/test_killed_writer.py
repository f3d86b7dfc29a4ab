"""A writer that is killed at any time leaves nothing, or what can be read and continued."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 100

# One process that forks each writer, since starting an interpreter takes longer than it writes.
DRIVER = f"""
import json, os, random, select, signal, sys, warnings
from dataflow_core import DataFromList, rng
from dataflow_lmdb import (
    DatabaseNotFoundError, EmptyDatabaseError, LMDBSerializer, NotAnLMDBError,
    UnfinishedDatabaseWarning,
)
folder, seed, frequency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
warnings.simplefilter("ignore", UnfinishedDatabaseWarning)
draws = random.Random(seed)

def pipeline():
    flow = DataFromList([[i, bytes([i % 256]) * (i * 7919 % 9000)] for i in range(2000)])
    flow = flow.map(lambda dp: None if dp[0] % 10 == 3 else [*dp, int(rng().integers(1 << 30))])
    flow.reset_state(seed=1)
    return flow

expected = list(pipeline())

def found(path):
    try:
        with LMDBSerializer.load(path, shuffle=False) as flow:
            return list(flow)
    except (DatabaseNotFoundError, EmptyDatabaseError):
        return []
    except NotAnLMDBError:
        assert os.path.getsize(path) == 0
        return []

def run(path, seconds):
    "Write in a child; kill it after a while. Return whether it had finished."
    done, child_done = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            LMDBSerializer.save(pipeline(), path, frequency, resume=True, progress=False)
            os.write(child_done, b"x")
        finally:
            os._exit(0)
    os.close(child_done)
    ready, _, _ = select.select([done], [], [], seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    finished = bool(ready) and os.read(done, 1) == b"x"
    os.close(done)
    return finished

kills = midway = databases = 0
longest = 0.06
while kills < {KILLS}:
    path = os.path.join(folder, f"{{databases}}.lmdb")
    databases += 1
    before = 0
    while kills < {KILLS}:
        finished = run(path, draws.uniform(0.0, longest))
        records = found(path)
        assert len(records) >= before, "committed records are gone"
        assert records == expected[:len(records)], "other records than were written"
        # As this machine has it, and what else runs there.
        longest *= 0.9 if finished else 1.1 if len(records) == before else 1
        if finished:
            break
        kills += 1
        midway += 0 < len(records) < len(expected)
        before = len(records)
    assert run(path, 60), "it was not completed"
    assert found(path) == expected
    os.unlink(path)
print(json.dumps({{"kills": kills, "midway": midway, "databases": databases}}))
"""


@pytest.mark.parametrize(("seed", "frequency"), [(0, 7), (1, 150)])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is neither fork nor SIGKILL")
def test_a_writer_killed_a_hundred_times_writes_every_record_once(
    tmp_path: Path, seed: int, frequency: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, str(tmp_path), str(seed), str(frequency)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == KILLS
    # Otherwise the delays do not fit this machine, and nothing has been shown.
    assert report["midway"] > KILLS // 10, report
