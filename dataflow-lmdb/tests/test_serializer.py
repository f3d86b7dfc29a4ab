from __future__ import annotations

import itertools
import json
import math
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow_core import (
    CodecError,
    DataFlow,
    DataFromGenerator,
    DataFromList,
    DataFromQueue,
    FingerprintMismatchError,
    codec,
)
from dataflow_lmdb import (
    DatabaseExistsError,
    DatabaseInUseError,
    DatabaseWriteError,
    EmptyDatabaseError,
    LMDBData,
    LMDBSerializer,
    UnfinishedDatabaseWarning,
    serializer,
    writer,
)

POINTS = [[i, {"square": i * i}] for i in range(23)]


def flow_of(points: list[Any], **kwargs: Any) -> DataFlow:
    return DataFromList(points, **{"shuffle": False, **kwargs})


def save(df: DataFlow, path: Any, *args: Any, **kwargs: Any) -> int:
    return LMDBSerializer.save(df, path, *args, progress=False, **kwargs)


def load(path: Any, **kwargs: Any) -> list[Any]:
    with LMDBSerializer.load(path, shuffle=False, **kwargs) as flow:
        return list(flow)


def same(left: Any, right: Any) -> bool:
    """Compare by value, type and dtype; a NaN equals itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=True)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return bool(left == right) or (isinstance(left, float) and math.isnan(left))


arrays = hnp.arrays(
    st.sampled_from(["u1", "<i4", ">i2", "f4", "f8", "?"]),
    hnp.array_shapes(max_dims=3, max_side=20, min_side=0),
    elements={"allow_nan": False},
)
components = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
datapoints = (
    st.lists(components, max_size=3)
    | st.lists(components, max_size=3).map(tuple)
    | st.dictionaries(st.text(), components, max_size=3)
)


@settings(max_examples=60, deadline=None)
@given(points=st.lists(datapoints, min_size=1, max_size=9), frequency=st.integers(1, 10))
def test_what_is_saved_is_loaded(points: list[Any], frequency: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "db")
        assert save(flow_of(points), path, frequency) == len(points)
        assert same(load(path), points)


@pytest.mark.parametrize("name", ["x.lmdb", "x.mdb", "x", "x.train"])
def test_the_path_is_a_file_or_a_directory_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    save(flow_of(POINTS), path)
    assert path.is_file() == name.endswith(("lmdb", "mdb"))
    assert load(str(path)) == load(path) == POINTS


def test_an_empty_directory_takes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "there.lmdb"
    path.mkdir()
    save(flow_of(POINTS), path)
    assert (path / "data.mdb").is_file()
    assert load(path) == POINTS


def test_records_are_numbered_and_the_database_tells_about_itself(tmp_path: Path) -> None:
    path = tmp_path / "x"
    save(flow_of(POINTS), path, 5)
    with lmdb.open(str(path), readonly=True) as environment, environment.begin() as txn:
        keys = [bytes(key) for key in txn.cursor().iternext(values=False)]
        meta = codec.loads(txn.get(b"__meta__"))
        listed = codec.loads(txn.get(b"__keys__"))
    assert keys == [*(b"%08d" % i for i in range(23)), b"__keys__", b"__meta__"]
    assert listed == {"template": "{:08d}", "count": 23}
    assert meta.pop("state") is None
    assert meta == {
        "format": "dataflow-lmdb",
        "version": 1,
        "codec": "dataflow",
        "records": 23,
        "complete": True,
    }


def test_lmdb_data_reads_a_saved_database(tmp_path: Path) -> None:
    save(flow_of(POINTS), tmp_path / "x")
    flow = LMDBData(tmp_path / "x", shuffle=False)
    assert [[int(key), codec.loads(value)] for key, value in flow] == [*enumerate_lists(POINTS)]


def enumerate_lists(points: list[Any]) -> Iterator[list[Any]]:
    return ([i, dp] for i, dp in enumerate(points))


def test_loaded_arrays_are_writable_and_outlive_the_database(tmp_path: Path) -> None:
    arrays = [np.full((40, 50), i) for i in range(5)]
    save(flow_of([[array, b"x" * 9000] for array in arrays]), tmp_path / "x")
    loaded = load(tmp_path / "x")  # closed by now
    for (array, data), original in zip(loaded, arrays):
        np.testing.assert_array_equal(array, original)
        assert data == b"x" * 9000
        array += 1


def test_a_loaded_flow_is_indexed_shuffled_and_resumable(tmp_path: Path) -> None:
    save(flow_of(POINTS), tmp_path / "x")
    flow = LMDBSerializer.load(tmp_path / "x")
    assert len(flow) == 23
    assert flow[7] == POINTS[7]
    flow.reset_state(4)
    stream = list(flow)
    assert stream != POINTS
    assert sorted(stream, key=str) == sorted(POINTS, key=str)
    for done in range(24):
        flow.reset_state(4)
        list(itertools.islice(iter(flow), done))
        again = LMDBSerializer.load(tmp_path / "x")
        again.load_state_dict(json.loads(json.dumps(flow.state_dict())))
        assert list(again)[: 23 - done] == stream[done:]


def test_the_flows_own_seed_and_epoch_are_kept(tmp_path: Path) -> None:
    flow = flow_of(POINTS, shuffle=True)
    flow.reset_state(11)
    first, second = list(flow), list(flow)
    flow.reset_state(11)
    save(flow, tmp_path / "a")
    save(flow, tmp_path / "b")
    assert load(tmp_path / "a") == first
    assert load(tmp_path / "b") == second


def test_the_map_grows_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FIRST_ROOM_BYTES", 1 << 16)
    points = [[bytes([i]) * 30_000] for i in range(200)]
    save(flow_of(points), tmp_path / "x", 7)
    assert load(tmp_path / "x") == points


def test_a_datapoint_larger_than_the_map_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FIRST_ROOM_BYTES", 1 << 16)
    points = [[1], [np.arange(1 << 20)], [2]]
    save(flow_of(points), tmp_path / "x")
    assert same(load(tmp_path / "x"), points)


def test_large_datapoints_are_committed_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serializer, "MAX_WAITING_BYTES", 10_000)
    commits = []
    commit = writer.DatabaseWriter.commit

    def counting(self: writer.DatabaseWriter, values: Any, **kwargs: Any) -> None:
        commits.append(len(values))
        commit(self, values, **kwargs)

    monkeypatch.setattr(writer.DatabaseWriter, "commit", counting)
    save(flow_of([[b"x" * 4000]] * 10), tmp_path / "x")
    assert commits == [3, 3, 3, 1]


def test_an_existing_database_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x"
    save(flow_of(POINTS), path)
    with pytest.raises(DatabaseExistsError, match="holds 23 records already"):
        save(flow_of([[0]]), path)
    assert load(path) == POINTS


def test_a_foreign_database_is_not_touched(numbered: str) -> None:
    before = Path(numbered, "data.mdb").read_bytes()
    for resume in (False, True):
        with pytest.raises(DatabaseExistsError, match="something else has written"):
            save(flow_of(POINTS), numbered, resume=resume)
    assert Path(numbered, "data.mdb").read_bytes() == before


def test_where_nothing_was_written_saving_may_start_over(tmp_path: Path) -> None:
    path = tmp_path / "x"
    lmdb.open(str(path)).close()
    with pytest.raises(CodecError, match="record 0"):
        save(flow_of([[object()]]), path)
    assert save(flow_of([]), path) == 0
    with pytest.raises(EmptyDatabaseError):
        load(path)
    save(flow_of(POINTS), path)
    assert load(path) == POINTS


class Fragile(DataFlow):
    """Stops with an exception once, after some datapoints."""

    def __init__(self, until: int | None) -> None:
        self.until = until

    def _upstreams(self) -> list[DataFlow]:
        return []

    def get_data(self) -> Iterator[Any]:
        for i, dp in enumerate(POINTS):
            if i == self.until:
                raise RuntimeError("power cut")
            yield dp

    def __len__(self) -> int:
        return len(POINTS)


@pytest.mark.parametrize("frequency", [1, 4, 100])
@pytest.mark.parametrize("until", [0, 1, 3, 4, 5, 22])
def test_what_was_committed_is_continued_exactly(
    tmp_path: Path, frequency: int, until: int
) -> None:
    path = tmp_path / "x"
    with pytest.raises(RuntimeError, match="power cut"):
        save(Fragile(until), path, frequency)
    committed = until // frequency * frequency
    if committed:
        with pytest.warns(UnfinishedDatabaseWarning, match=f"after {committed} records"):
            assert load(path) == POINTS[:committed]
        with pytest.raises(DatabaseExistsError, match="resume=True"):
            save(Fragile(None), path)
    assert save(Fragile(None), path, resume=True) == 23
    assert load(path) == POINTS
    assert save(Fragile(None), path, resume=True) == 23


def test_a_random_pipeline_is_continued_with_its_own_draws(tmp_path: Path) -> None:
    def pipeline(limit: int) -> DataFlow:
        def work(dp: Any) -> Any:
            nonlocal limit
            limit -= 1
            if limit < 0:
                raise RuntimeError
            return None if dp[0] % 5 == 0 else dp

        return flow_of(POINTS, shuffle=True).map(work).shuffle(6).batch(2, use_list=True)

    whole = pipeline(10**9)
    whole.reset_state(9)
    expected = list(whole)
    broken = pipeline(15)
    broken.reset_state(9)
    with pytest.raises(RuntimeError):
        save(broken, tmp_path / "x", 2)
    assert save(pipeline(10**9), tmp_path / "x", 2, resume=True) == len(expected)
    assert load(tmp_path / "x") == expected


def test_resuming_with_another_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        save(Fragile(8), tmp_path / "x", 2)
    with pytest.raises(FingerprintMismatchError, match="another pipeline"):
        save(flow_of(POINTS), tmp_path / "x", resume=True)


def test_a_flow_that_cannot_be_resumed_is_written_but_not_continued(tmp_path: Path) -> None:
    filled: queue.Queue[Any] = queue.Queue()
    for point in [*POINTS[:6], [object()]]:
        filled.put(point)
    with pytest.raises(CodecError, match="record 6"):
        save(DataFromQueue(filled), tmp_path / "x", 2)
    with pytest.warns(UnfinishedDatabaseWarning):
        assert load(tmp_path / "x") == POINTS[:6]
    with pytest.raises(DatabaseExistsError, match="cannot be resumed"):
        save(DataFromQueue(filled), tmp_path / "x", resume=True)


def test_a_key_of_somebody_else_does_not_swallow_records(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(RuntimeError):
        save(Fragile(8), path, 2)
    with lmdb.open(str(path)) as environment, environment.begin(write=True) as txn:
        txn.put(b"zzz", b"theirs")
    assert save(Fragile(None), path, 2, resume=True) == len(POINTS)
    assert load(path) == load_all(Fragile(None))


def load_all(flow: DataFlow) -> list[Any]:
    flow.reset_state(0)
    return list(flow)


def test_an_error_of_the_flow_leaves_what_was_handed_over_before(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        save(Fragile(8), tmp_path / "x", 4)
    with pytest.warns(UnfinishedDatabaseWarning, match="after 8 records"):
        assert len(load(tmp_path / "x")) == 8


def test_an_error_of_committing_stops_the_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def commit(self: Any, values: Any, **kwargs: Any) -> None:
        raise DatabaseWriteError("no room", records=0)

    monkeypatch.setattr(writer.DatabaseWriter, "commit", commit)
    flow = flow_of(POINTS).map(lambda dp: seen.append(dp[0]) or dp)
    with pytest.raises(DatabaseWriteError, match="no room"):
        save(flow, tmp_path / "x", 2)
    assert len(seen) <= 5  # those before the second hand-over, and no more


def test_a_flow_of_unknown_length_is_written(tmp_path: Path) -> None:
    assert save(DataFromGenerator(lambda: iter([[1], [2]])), tmp_path / "x") == 2


def test_a_failed_save_leaves_the_flow_usable(tmp_path: Path) -> None:
    flow = flow_of([[1], [object()]], shuffle=True)
    with pytest.raises(CodecError):
        save(flow, tmp_path / "x")
    assert len(list(flow)) == 2


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(RuntimeError):
        save(Fragile(8), path, 2)
    with writer.writing(path, resume=True) as one:
        with pytest.raises(DatabaseInUseError, match="already"):
            save(Fragile(None), path, resume=True)
        with pytest.raises(DatabaseInUseError, match="already"):
            LMDBData(path)
        stale = one._meta_record
        one.commit([b"x"])
        one._meta_record = stale  # as another process would see it that had read before
        with pytest.raises(DatabaseInUseError, match="another process"):
            one.commit([b"y"])


def test_a_database_that_is_being_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        save(Fragile(8), tmp_path / "x", 2)
    with pytest.warns(UnfinishedDatabaseWarning):
        flow = LMDBSerializer.load(tmp_path / "x")
    flow[0]
    with pytest.raises(DatabaseInUseError, match=r"close\(\) the flow"):
        save(Fragile(None), tmp_path / "x", resume=True)
    flow.close()
    save(Fragile(None), tmp_path / "x", resume=True)


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path) -> None:
    program = """
import resource, sys
from dataflow_core import DataFromList
from dataflow_lmdb import DatabaseWriteError, LMDBSerializer
flow = DataFromList([[bytes([i]) * 50_000] for i in range(100)], shuffle=False)
flow.reset_state(0)
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    print(LMDBSerializer.save(flow, sys.argv[1], 10, progress=False, resume=sys.argv[2] != "full"))
except DatabaseWriteError as error:
    print(error.records)
    print(error)
"""
    pytest.importorskip("resource")

    def run(how: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "x"), how],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.splitlines()

    kept, message = run("full")
    assert 0 < int(kept) < 100
    assert "resume=True" in message
    with pytest.warns(UnfinishedDatabaseWarning):
        assert len(load(tmp_path / "x")) == int(kept)
    assert run("freed") == ["100"]
    assert load(tmp_path / "x") == [[bytes([i]) * 50_000] for i in range(100)]


@pytest.mark.parametrize("frequency", [0, -1])
def test_a_senseless_frequency_is_refused(tmp_path: Path, frequency: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        save(flow_of(POINTS), tmp_path / "x", frequency)
    assert not (tmp_path / "x").exists()


def test_only_flows_are_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not list"):
        save([[1]], tmp_path / "x")  # type: ignore[arg-type]


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseWriteError, match=r"there is no directory .*nowhere"):
        save(flow_of(POINTS), tmp_path / "nowhere" / "x")


def test_progress_is_shown_unless_unwanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(flow_of(POINTS), tmp_path / "a")
    assert capsys.readouterr().err == ""
    LMDBSerializer.save(flow_of(POINTS), tmp_path / "b")
    assert "23/23" in capsys.readouterr().err


def test_the_serializer_is_found_under_its_name() -> None:
    assert DataFlow.registry.get("lmdb_serializer") is LMDBSerializer
