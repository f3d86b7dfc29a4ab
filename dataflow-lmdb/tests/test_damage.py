"""Damage is found without LMDB, and what has none never ends the process that reads it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_core import DataFromList
from dataflow_lmdb import LMDBSerializer, NotAnLMDBError, find_damage

PAGE = 4096

# Flips bits of a database again and again. What passes is read in children, in every way there is.
FLIP = """
import json, os, random, sys, warnings
from collections import Counter
from dataflow_core import DataFlowError
from dataflow_lmdb import LMDBData, LMDBSerializer, find_damage
path, seed, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
warnings.simplefilter("ignore")
draws = random.Random(seed)
data = open(path, "rb").read()
pages = len(data) // 4096
outcomes = Counter()
passed = []

def read_in_every_way(path):
    for make in (
        lambda: LMDBSerializer.load(path, shuffle=False),
        lambda: LMDBData(path, shuffle=False),
        lambda: LMDBData(path, keys="{:08d}"),
    ):
        try:
            with make() as flow:
                list(flow)
        except DataFlowError:
            pass

def passes(path):
    try:
        return next(find_damage(path), None) is None
    except DataFlowError:
        return False

def read_all_that_passed():
    pid = os.fork()
    if not pid:
        status = 1
        try:
            for path in passed:
                read_in_every_way(path)
            status = 0
        finally:
            os._exit(status)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    outcomes["read" if ended == 0 else f"ended by {ended}"] += len(passed)
    for path in passed:
        os.unlink(path)
    passed.clear()

for number in range(files):
    damaged = bytearray(data)
    page = draws.choice([0, 1, draws.randrange(pages)])
    for _ in range(draws.choice([1, 1, 1, 3])):
        # In a header, among the offsets, or anywhere.
        inside = draws.choice([draws.randrange(16), draws.randrange(160), draws.randrange(4096)])
        damaged[page * 4096 + inside] ^= 1 << draws.randrange(8)
    flipped = f"{path}.{number}"
    with open(flipped, "wb") as file:
        file.write(damaged)
    if passes(flipped):
        passed.append(flipped)
    else:
        outcomes["told"] += 1
        os.unlink(flipped)
    if len(passed) == 20:
        read_all_that_passed()
read_all_that_passed()
print(json.dumps(outcomes))
"""


def save(path: Path, sizes: list[int]) -> Path:
    flow = DataFromList([[i, bytes([i % 256]) * size] for i, size in enumerate(sizes)])
    LMDBSerializer.save(flow, path, len(sizes) // 3, progress=False)
    return path


@pytest.mark.parametrize(
    ("seed", "sizes"), [(0, [100] * 400), (1, [6000] * 50), (2, [10, 9000, 1500, 0] * 20)]
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_files_that_pass_never_end_the_process_that_reads_them(
    tmp_path: Path, seed: int, sizes: list[int]
) -> None:
    path = save(tmp_path / "x.lmdb", sizes)
    assert list(find_damage(path)) == []
    program = [sys.executable, "-W", "ignore", "-c", FLIP, str(path), str(seed), "334"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes.keys() == {"told", "read"}, outcomes
    # Most of a page of large values is content, which may be anything.
    assert min(outcomes.values()) > 20, outcomes


@settings(deadline=None, max_examples=30)
@given(
    records=st.dictionaries(
        st.binary(min_size=1, max_size=60), st.integers(0, 9000), min_size=1, max_size=300
    ),
    gone=st.floats(0, 1),
    commits=st.integers(1, 4),
)
def test_what_lmdb_writes_passes(
    tmp_path_factory: pytest.TempPathFactory,
    records: dict[bytes, int],
    gone: float,
    commits: int,
) -> None:
    path = str(tmp_path_factory.mktemp("db"))
    draws = random.Random(commits)
    with lmdb.open(path, map_size=1 << 28) as environment:
        for _ in range(commits):
            with environment.begin(write=True) as transaction:
                for key, size in records.items():
                    transaction.put(key, bytes(size))
        with environment.begin(write=True) as transaction:
            for key in records:
                if draws.random() < gone:
                    transaction.delete(key)
        for compact in (False, True):
            copied = f"{path}-{compact}"
            Path(copied).mkdir()
            environment.copy(copied, compact=compact)
            assert list(find_damage(copied)) == []
    assert list(find_damage(path)) == []


def test_a_database_of_databases_passes(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), max_dbs=3) as environment:
        named = environment.open_db(b"named")
        with environment.begin(write=True, db=named) as transaction:
            for number in range(1000):
                transaction.put(b"%d" % number, bytes(number))
    assert list(find_damage(tmp_path)) == []


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_what_a_cut_file_lacks_is_found(tmp_path: Path, share: float) -> None:
    path = save(tmp_path / "x.lmdb", [3000] * 500)
    os.truncate(path, int(path.stat().st_size * share))
    found = list(find_damage(path))
    assert found
    assert "the file ends" in found[0].what


def test_the_keys_behind_a_damaged_page_are_named(tmp_path: Path) -> None:
    path = save(tmp_path / "x.lmdb", [100] * 900)
    data = bytearray(path.read_bytes())
    [page] = [
        page
        for page in range(2, len(data) // PAGE)
        if data[page * PAGE + 10] == 2 and b"00000450" in data[page * PAGE : (page + 1) * PAGE]
    ][-1:]
    data[page * PAGE + 12] ^= 8
    path.write_bytes(data)
    [damage] = find_damage(path)
    assert damage.page == page
    assert damage.first is not None
    assert damage.before is not None
    assert damage.first <= b"00000450" < damage.before
    assert f"page {page}: " in str(damage)
    assert f"keys from {damage.first!r} to before" in str(damage)


def test_the_key_of_a_damaged_value_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "x.lmdb", [6000] * 30)
    data = bytearray(path.read_bytes())
    page = next(page for page in range(len(data) // PAGE) if data[page * PAGE + 10] == 4)
    data[page * PAGE + 12] ^= 1
    path.write_bytes(data)
    [damage] = find_damage(path)
    assert damage.page == page
    assert str(damage).endswith(f"(key {damage.first!r})")


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    path.write_bytes(bytes(20_000))
    [damage] = find_damage(path)
    assert damage.page == 0
    assert "all keys" in str(damage)
    path.write_bytes(b"")
    with pytest.raises(NotAnLMDBError):
        list(find_damage(path))


def test_a_tree_that_goes_in_a_circle_is_told(tmp_path: Path) -> None:
    path = save(tmp_path / "x.lmdb", [1500] * 2000)
    data = bytearray(path.read_bytes())
    branches = [page for page in range(2, len(data) // PAGE) if data[page * PAGE + 10] == 1]
    for page in branches:
        first = int.from_bytes(data[page * PAGE + 16 : page * PAGE + 18], "little")
        data[page * PAGE + first : page * PAGE + first + 2] = page.to_bytes(2, "little")
    path.write_bytes(data)
    assert any("in use elsewhere" in damage.what for damage in find_damage(path))
