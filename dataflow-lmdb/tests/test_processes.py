from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from dataflow_core import DataFlow, DataFromList, rng
from dataflow_lmdb import LMDBData, LMDBSerializer

RECORDS = [[b"%08d" % i, str(i * i).encode()] for i in range(20)]


def test_a_pickled_flow_opens_the_database_where_it_is_used(
    numbered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = os.path.split(numbered)
    monkeypatch.chdir(folder)
    flow = LMDBData(name, shuffle=False)
    assert flow[3] == RECORDS[3]
    program = "import pickle, sys; print(list(pickle.load(sys.stdin.buffer)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(flow),
        capture_output=True,
        check=True,
        cwd="/",
        timeout=60,
    )
    assert done.stdout.decode().strip() == str(RECORDS)


def test_a_pickle_of_a_flow_holds_no_handles(numbered: str) -> None:
    flow = LMDBData(numbered, keys="{:08d}")
    list(flow)
    assert len(pickle.dumps(flow)) < 1000


def test_many_threads_read_one_flow(numbered: str) -> None:
    flow = LMDBData(numbered)
    indices = [i % 20 for i in range(4000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(flow.__getitem__, indices)) == [RECORDS[i] for i in indices]


def test_threads_may_close_while_others_read(tmp_path: object) -> None:
    path = f"{tmp_path}/x.lmdb"
    LMDBSerializer.save(DataFromList([[i] for i in range(50)], shuffle=False), path, progress=False)
    flow = LMDBSerializer.load(path, shuffle=False)

    def read(number: int) -> int:
        if number % 7 == 0:
            flow.close()
        return int(flow[number % 50][0])

    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(read, range(5000)))
    assert found == Counter(dict.fromkeys(range(50), 100))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("midway", [False, True])
def test_a_forked_child_reads_through_a_file_of_its_own(numbered: str, midway: bool) -> None:
    # In a process of its own: pytest's has threads, which fork does not like.
    program = f"""
import os
from dataflow_lmdb import LMDBData
flow = LMDBData({numbered!r}, shuffle=False)
records = iter(flow)
first = [next(records) for _ in range(5 if {midway} else 0)]
flow[3]
inherited = flow._lease.database._mapping._environment
child = os.fork()
if not child:
    try:
        ok = [*first, *records] == [[b"%08d" % i, str(i * i).encode()] for i in range(20)]
        ok = ok and flow[3] == [b"00000003", b"9"]
        ok = ok and flow._lease.database._mapping._environment is not inherited
    except BaseException as error:
        print(repr(error))
        ok = False
    os._exit(0 if ok else 1)
_, status = os.waitpid(child, 0)
assert flow[4] == [b"00000004", b"16"]
assert flow._lease.database._mapping._environment is inherited
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("backend", ["inline", "thread"])
def test_workers_see_the_sequential_stream(numbered: str, shuffle: bool, backend: str) -> None:
    def pipeline() -> DataFlow:
        return LMDBData(numbered, shuffle=shuffle).map(lambda dp: [*dp, int(rng().integers(99))])

    flow = pipeline()
    flow.reset_state(2)
    expected = [*flow, *flow]
    parallel = pipeline().parallel(3, backend=backend)
    parallel.reset_state(2)
    assert [*parallel, *parallel] == expected
