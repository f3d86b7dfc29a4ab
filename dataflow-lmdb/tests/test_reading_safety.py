"""Damaged files and files that change under a reader: errors of ours, and never other data."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmdb
import pytest

from dataflow_core import DataFromList
from dataflow_lmdb import (
    DamagedDatabaseError,
    DatabaseChangedError,
    KeyNotFoundError,
    LMDBData,
    LMDBSerializer,
    NotAnLMDBError,
)
from dataflow_lmdb.changes import Watch

LMDB_HEADER_BYTES = 8192

# Reads each damaged file in a child of its own, since LMDB may end the process.
READ_DAMAGED = """
import json, os, sys, warnings
from dataflow_core import DataFlowError, DataFromList
from dataflow_lmdb import LMDBData, LMDBSerializer
warnings.simplefilter("ignore")

def outcome(make):
    try:
        with make() as flow:
            return "read" if len(list(flow)) == len(flow) else "shortened"
    except DataFlowError:
        return "told"

for path in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        status = 1
        try:
            for make in (
                lambda: LMDBSerializer.load(path, shuffle=False),
                lambda: LMDBSerializer.load(path),
                lambda: LMDBData(path, shuffle=False),
            ):
                print(outcome(make), flush=True)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status < 0:
        print("ended by signal", -status, flush=True)
    elif status:
        print("another error", flush=True)
"""


@pytest.mark.parametrize("size", [100, 6000])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_flipped_bytes_raise_nothing_but_our_own_errors(tmp_path: Path, size: int) -> None:
    whole = tmp_path / "whole.lmdb"
    flow = DataFromList([[i, bytes([i % 256]) * size] for i in range(200)], shuffle=False)
    LMDBSerializer.save(flow, whole, progress=False)
    data = whole.read_bytes()
    draws = random.Random(size)
    paths = []
    for number in range(60):
        damaged = bytearray(data)
        page = draws.randrange(len(data) // 4096)
        # In the page's header and offsets, where it matters to LMDB, or anywhere.
        place = page * 4096 + draws.choice([draws.randrange(16), draws.randrange(4096)])
        damaged[place] ^= draws.randrange(1, 256)
        paths.append(tmp_path / f"{number}.lmdb")
        paths[-1].write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_DAMAGED, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    outcomes = Counter(done.stdout.splitlines())
    # LMDB trusts the offsets within a page, and a cursor the kind of the next page.
    ends = (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT)
    crashes = sum(outcomes.pop(f"ended by signal {int(number)}", 0) for number in ends)
    assert outcomes.keys() <= {"read", "told"}, (outcomes, done.stderr)
    assert outcomes["told"] > 0 or size > 4096  # then most pages are content
    assert crashes <= 6


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_file_that_is_cut_is_refused_or_read_whole(tmp_path: Path, share: float) -> None:
    path = tmp_path / "x.lmdb"
    flow = DataFromList([[i, bytes(3000)] for i in range(2000)], shuffle=False)
    LMDBSerializer.save(flow, path, progress=False)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(NotAnLMDBError, match="is cut"):
        LMDBSerializer.load(path)


@pytest.mark.parametrize("load", [LMDBData, LMDBSerializer.load])
def test_a_damaged_page_is_told_and_other_records_are_still_read(
    tmp_path: Path, load: Callable[..., LMDBData]
) -> None:
    path = tmp_path / "x.lmdb"
    points = [[i, bytes(1000)] for i in range(300)]
    LMDBSerializer.save(DataFromList(points, shuffle=False), path, progress=False)
    data = bytearray(path.read_bytes())
    leaves = [
        page
        for page in range(2, len(data) // 4096)
        if data[page * 4096 + 10] == 2 and data[page * 4096 : page * 4096 + 4096].count(b"0000015")
    ]
    for page in leaves:
        data[page * 4096 + 10] = 16  # no kind of page that there is
    path.write_bytes(data)
    flow = load(path, shuffle=False)
    with pytest.raises(DamagedDatabaseError, match="cannot be read") as caught:
        flow[150]
    assert caught.value.path == str(path)
    assert len(flow[0]) == len(flow[299]) == 2


def test_a_key_that_no_database_can_hold_is_not_found(numbered: str) -> None:
    with pytest.raises(KeyNotFoundError):
        LMDBData(numbered, keys=[b"k" * 600])


@pytest.mark.parametrize("load", [LMDBData, LMDBSerializer.load])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_commit_by_another_process_stops_reading(
    tmp_path: Path, load: Callable[..., LMDBData], shuffle: bool, size: int
) -> None:
    path = str(tmp_path / "x.lmdb")
    LMDBSerializer.save(DataFromList([[bytes(size)] for _ in range(50)]), path, progress=False)
    flow = load(path, shuffle=shuffle)
    iterator = iter(flow)
    for _ in range(10):
        next(iterator)
    write = (
        f"import lmdb; e = lmdb.open({path!r}, subdir=False); t = e.begin(write=True);"
        " t.put(b'later', b'1'); t.commit()"
    )
    subprocess.run([sys.executable, "-c", write], check=True, timeout=60)
    with pytest.raises(DatabaseChangedError, match="written to since it was opened"):
        for _ in iterator:
            pass
    with pytest.raises(DatabaseChangedError):
        flow[3]
    flow.close()
    assert len(flow[3]) == len(load(path)[0])  # opened anew


def test_a_database_that_grows_all_the_time_gives_its_records_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    write = f"""
import time
from dataflow_core import DataFromList
from dataflow_lmdb import LMDBSerializer
flow = DataFromList([[i, bytes([i % 256]) * 3000] for i in range(6000)], shuffle=False)
LMDBSerializer.save(flow, {str(path)!r}, 20, progress=False)
"""
    read = f"""
import json, warnings
from collections import Counter
from dataflow_core import DataFlowError
from dataflow_lmdb import LMDBSerializer
warnings.simplefilter("ignore")
outcomes, records = Counter(), 0
while records < 6000:
    try:
        with LMDBSerializer.load({str(path)!r}, shuffle=False) as flow:
            for number, dp in enumerate(flow):
                assert dp == [number, bytes([number % 256]) * 3000]
            records = len(flow)
        outcomes["read"] += 1
    except DataFlowError as error:
        outcomes[type(error).__name__] += 1
print(json.dumps(outcomes))
"""
    with subprocess.Popen([sys.executable, "-c", write]) as writer:
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", read],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            # LMDB may end a reader without a lock where a writer is that quick: docs/lmdb.md.
            if done.returncode >= 0:
                break
    assert writer.returncode == 0
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes.pop("read") >= 1
    assert outcomes.keys() <= {
        "DatabaseChangedError",
        "DatabaseNotFoundError",
        "EmptyDatabaseError",
        "NotAnLMDBError",
    }, outcomes


class WrittenWhileAsked:
    """An environment that is asked for its last commit while others commit."""

    def __init__(self, environment: lmdb.Environment, commits: int) -> None:
        self.environment = environment
        self.commits = commits
        self.stat = environment.stat

    def commit(self) -> None:
        with self.environment.begin(write=True) as transaction:
            transaction.put(b"key", os.urandom(8))

    def info(self) -> dict[str, int]:
        for _ in range(self.commits):
            self.commit()
        return dict(self.environment.info())


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("during", range(4))
def test_commits_are_noticed_from_the_first_look_on(
    tmp_path: Path, before: int, during: int
) -> None:
    with lmdb.open(str(tmp_path)) as environment:
        written = WrittenWhileAsked(environment, during)
        for _ in range(before):
            written.commit()
        watch = Watch(tmp_path / "data.mdb", written)
        assert watch.has_changed == (during > 0)
        for _ in range(4):
            written.commit()
            assert watch.has_changed


@pytest.mark.parametrize(("load", "get"), [(LMDBData, "get"), (LMDBSerializer.load, "view")])
def test_a_record_that_is_written_over_while_it_is_read_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[..., LMDBData], get: str
) -> None:
    path = tmp_path / "x.lmdb"
    LMDBSerializer.save(DataFromList([[1], [2]], shuffle=False), path, progress=False)
    flow = load(path)
    assert flow[1][-1]
    assert flow._lease is not None
    database = flow._lease.database
    read, place = getattr(database.reader, get), [0]

    def read_and_be_overtaken(key: bytes) -> Any:
        place[0] += 1
        return read(key)

    monkeypatch.setattr(database, "watch", SimpleNamespace(place=place, seen=0))
    monkeypatch.setattr(database.reader, get, read_and_be_overtaken)
    with pytest.raises(DatabaseChangedError):
        flow[1]


def test_a_foreign_layout_is_read_without_the_watch(
    numbered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataflow_lmdb import changes

    monkeypatch.setattr(changes, "_NUMBER_AT", 0)
    assert len(list(LMDBData(numbered, shuffle=False))) == 20
    lmdb.open(numbered).close()
