"""What a new user meets who points at the wrong thing."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import pytest

import dataflow_lmdb
from dataflow_core import DataFlowError, DataFromList
from dataflow_lmdb import (
    DatabaseInUseError,
    DatabaseNotFoundError,
    DatabaseWriteError,
    EmptyDatabaseError,
    LMDBData,
    LMDBError,
    LMDBSerializer,
    NotAnLMDBError,
    UnfinishedDatabaseWarning,
    errors,
)

READERS = [LMDBData, LMDBSerializer.load]


@pytest.mark.parametrize("read", READERS)
class TestReading:
    def test_nothing_there(self, tmp_path: Path, read: Callable[..., Any]) -> None:
        with pytest.raises(DatabaseNotFoundError, match="no such file or directory") as caught:
            read(tmp_path / "typo.lmdb")
        assert isinstance(caught.value, FileNotFoundError)
        assert caught.value.path == str(tmp_path / "typo.lmdb")

    def test_a_directory_of_images(self, tmp_path: Path, read: Callable[..., Any]) -> None:
        (tmp_path / "a.jpg").write_bytes(b"...")
        with pytest.raises(NotAnLMDBError, match=r"is a directory without 'data.mdb'"):
            read(tmp_path)

    def test_the_directory_above(self, numbered: str, read: Callable[..., Any]) -> None:
        with pytest.raises(NotAnLMDBError, match=f"did you mean '{numbered}'"):
            read(Path(numbered).parent)

    def test_a_file_that_is_something_else(self, tmp_path: Path, read: Callable[..., Any]) -> None:
        path = tmp_path / "x.lmdb"
        path.write_bytes(b"\x89PNG" * 4000)
        with pytest.raises(NotAnLMDBError, match="is no LMDB that"):
            read(path)

    def test_an_empty_file(self, tmp_path: Path, read: Callable[..., Any]) -> None:
        (tmp_path / "data.mdb").touch()
        with pytest.raises(NotAnLMDBError, match="is an empty file"):
            read(tmp_path)

    def test_an_empty_database(self, tmp_path: Path, read: Callable[..., Any]) -> None:
        lmdb.open(str(tmp_path)).close()
        with pytest.raises(EmptyDatabaseError, match="has no datapoints"):
            read(tmp_path)

    @pytest.mark.skipif(lmdb.__version__ < "2", reason="LMDB's binding does not notice")
    def test_open_by_other_means(self, numbered: str, read: Callable[..., Any]) -> None:
        with (
            lmdb.open(numbered),
            pytest.raises(DatabaseInUseError, match="open in this process already"),
        ):
            read(numbered)

    def test_bytes_for_a_path(self, read: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match="str or a Path"):
            read(b"x")


def test_a_damaged_file_does_not_end_the_process(tmp_path: Path, numbered: str) -> None:
    data = Path(numbered, "data.mdb").read_bytes()
    for size in (1, 100, 5000, 8192):
        cut = tmp_path / f"cut{size}.mdb"
        cut.write_bytes(data[:size])
        with pytest.raises(NotAnLMDBError):
            LMDBData(cut)


def test_a_copy_that_was_broken_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    flow = DataFromList([[bytes(3000)]] * 2000)
    LMDBSerializer.save(flow, path, progress=False)
    whole = path.stat().st_size
    os.truncate(path, whole * 9 // 10)
    with pytest.raises(NotAnLMDBError, match=f"is cut: it has {whole * 9 // 10} of"):
        LMDBSerializer.load(path)


@pytest.mark.parametrize("keys", [b"00000000", 3])
def test_keys_that_are_no_list(numbered: str, keys: Any) -> None:
    with pytest.raises(TypeError, match="list of keys or a format string"):
        LMDBData(numbered, keys=keys)


def test_no_keys_at_all(numbered: str) -> None:
    with pytest.raises(EmptyDatabaseError):
        LMDBData(numbered, keys=[])


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs a user without rights")
def test_a_read_only_directory_is_named() -> None:
    # Not in pytest's folder, which any other run of pytest closes to others when it begins.
    with tempfile.TemporaryDirectory() as name:
        locked = Path(name, "locked")
        locked.mkdir(mode=0o555)
        _refused_with_its_name(locked)


def _refused_with_its_name(locked: Path) -> None:
    become_nobody = "os.setuid(65534)" if os.getuid() == 0 else "pass"
    for parent in locked.parents:
        if os.getuid() == 0 and parent.stat().st_uid == 0 and str(parent).count("/") > 1:
            parent.chmod(parent.stat().st_mode | 0o055)
    program = f"""
import os
from dataflow_core import DataFromList
from dataflow_lmdb import DatabaseWriteError, LMDBSerializer
flow = DataFromList([[1]])
flow.reset_state()
list(flow)
{become_nobody}
try:
    LMDBSerializer.save(flow, {str(locked / "x.lmdb")!r}, progress=False)
except DatabaseWriteError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert "cannot be written" in done.stdout, done.stdout + done.stderr
    assert "ermission denied" in done.stdout


def test_every_error_survives_the_trip_between_processes() -> None:
    for name in vars(errors):
        kind = getattr(errors, name)
        if not (isinstance(kind, type) and issubclass(kind, LMDBError)):
            continue
        error = kind("what happened", path="/x")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert (str(again), again.path) == ("what happened", "/x")
        assert isinstance(again, DataFlowError)


def test_a_write_error_is_an_os_error() -> None:
    assert issubclass(DatabaseWriteError, OSError)


def test_the_public_names_are_sorted_and_there() -> None:
    assert dataflow_lmdb.__all__ == sorted(dataflow_lmdb.__all__)
    assert all(hasattr(dataflow_lmdb, name) for name in dataflow_lmdb.__all__)
    declared = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, (LMDBError, UnfinishedDatabaseWarning))
    }
    assert declared <= set(dataflow_lmdb.__all__)
