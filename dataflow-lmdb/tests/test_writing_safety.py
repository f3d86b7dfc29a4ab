"""Full disks, full maps and several writers: an error, and nothing lost that was committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflow_lmdb import LMDBSerializer, UnfinishedDatabaseWarning

WRITE = """
import sys
import tempfile
from dataflow_core import DataFromList
from dataflow_lmdb import LMDBError, LMDBSerializer, writer
flow = DataFromList([[bytes([i]) * 50_000] for i in range(200)], shuffle=False)
flow.reset_state(0)
{prepare}
try:
    print(LMDBSerializer.save(flow, sys.argv[1], 10, progress=False, resume=True))
except LMDBError as error:
    print(type(error).__name__, getattr(error, "records", 0))
    print(error)
"""
EXPECTED = [[bytes([i]) * 50_000] for i in range(200)]


def write(path: Path, prepare: str = "") -> list[str]:
    program = WRITE.format(prepare=prepare)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Less than 0: a signal has ended it, a bus error for instance.
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


def read(path: Path) -> list[list[bytes]]:
    with LMDBSerializer.load(path, shuffle=False) as flow:
        return list(flow)


class SmallDisk:
    """A file system in memory, of a size that can be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._mount("size=8m")

    def resize(self, size: str) -> None:
        self._mount(f"remount,size={size}")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.root)], check=True, capture_output=True)

    def _mount(self, options: str) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.root)],
            check=True,
            capture_output=True,
        )


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    root = tmp_path / "disk"
    root.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no mount")
    try:
        small = SmallDisk(root)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounting is not permitted: {error.stderr.decode().strip()}")
    yield small
    small.unmount()


@pytest.mark.parametrize("name", ["x.lmdb", "x"])
def test_a_full_disk_is_an_error_and_writing_goes_on_when_there_is_room(
    disk: SmallDisk, name: str
) -> None:
    path = disk.root / name
    error, message = write(path)
    kept = int(error.removeprefix("DatabaseWriteError "))
    assert 100 < kept < 200
    assert "MB free" in message
    assert "resume=True" in message
    with pytest.warns(UnfinishedDatabaseWarning, match=f"after {kept} records"):
        assert read(path) == EXPECTED[:kept]
    disk.resize("64m")
    assert write(path) == ["200"]
    assert read(path) == EXPECTED


@pytest.mark.parametrize("pages", range(5))
def test_a_disk_that_is_full_from_the_start_is_an_error_too(disk: SmallDisk, pages: int) -> None:
    path = disk.root / "x.lmdb"
    disk.resize("64k")
    (disk.root / "filler").write_bytes(bytes(65536 - pages * 4096))
    error, _ = write(path)
    assert error == "DatabaseWriteError 0"
    (disk.root / "filler").unlink()
    disk.resize("64m")
    assert write(path) == ["200"]
    assert read(path) == EXPECTED


def test_a_map_that_cannot_grow_is_an_error_and_keeps_what_was_committed(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    if not Path("/proc/self/statm").exists():
        pytest.skip("there is no /proc to say how much address space is used")
    large = """
writer.FIRST_ROOM_BYTES = 1 << 20
flow = flow.map(lambda dp: [dp[0] * 10])
flow.reset_state(0)
"""
    limit = """
import resource
list(flow.take(1))  # imports what it needs
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (250 << 20),) * 2)
"""
    path = tmp_path / "x.lmdb"
    error, message = write(path, large + limit)
    kept = int(error.removeprefix("DatabaseWriteError "))
    expected = [[dp[0] * 10] for dp in EXPECTED]
    assert kept < 200
    assert "cannot write to" in message
    # How many there is room for depends on what threads and allocators set aside.
    if kept:
        with pytest.warns(UnfinishedDatabaseWarning):
            assert read(path) == expected[:kept]
    assert write(path, large) == ["200"]
    assert read(path) == expected


def test_of_several_writers_one_writes_and_the_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.lmdb"
    # All begin with an empty database, and none is done before the others begin.
    slowly = "import time; flow = flow.map(lambda dp: time.sleep(0.005) or dp); flow.reset_state(0)"
    program = WRITE.format(prepare=slowly)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    outputs = sorted(writer.communicate(timeout=60)[0].splitlines()[0] for writer in writers)
    assert outputs in (
        ["200", "DatabaseInUseError 0", "DatabaseInUseError 0"],
        # One that starts late finds the work done.
        ["200", "200", "DatabaseInUseError 0"],
        ["200", "200", "200"],
    )
    assert read(path) == EXPECTED


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that other users can get to; pytest's are for its own only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for entry in (folder, *folder.parents):
            if os.getuid() == 0 and entry.stat().st_uid == 0 and str(entry).count("/") > 1:
                entry.chmod(entry.stat().st_mode | 0o055)
        yield folder


def test_a_database_in_a_read_only_directory_is_read_but_not_written(open_to_all: Path) -> None:
    folder = open_to_all / "locked"
    folder.mkdir(mode=0o755)
    path = folder / "x.lmdb"
    assert write(path) == ["200"]
    Path(f"{path}-lock").unlink()
    for entry in (path, folder):
        entry.chmod(entry.stat().st_mode & ~0o222)
    unprivileged = "import os; list(flow); os.getuid() or os.setuid(65534)"
    look = "\nprint(len(list(LMDBSerializer.load(sys.argv[1]))))\nsys.argv[1] += '-too.lmdb'"
    read_records, error, message = write(path, unprivileged + look)
    assert (read_records, error) == ("200", "DatabaseWriteError 0")
    assert "ermission denied" in message
    folder.chmod(0o755)
