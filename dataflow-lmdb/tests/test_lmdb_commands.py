"""`dataflow convert` and `dataflow info`, as a user types them."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the command line is an extra of dataflow-core")
from dataflow_core import DataFromList
from dataflow_core.cli import main
from dataflow_core.testing.waiting import wait_until
from dataflow_lmdb import FolderError, LMDBData, LMDBSerializer
from dataflow_lmdb.folder import FilesInFolder, write_folder

Run = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `dataflow` in a folder of its own; returns the exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def dataflow(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataflow", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return dataflow


@pytest.fixture
def images(tmp_path: Path) -> dict[str, bytes]:
    files = {f"{kind}/{i}.jpg": f"{kind} {i}".encode() for kind in ("cat", "dog") for i in range(4)}
    for name, content in files.items():
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_bytes(content)
    (tmp_path / "images" / ".hidden").write_bytes(b"no")
    return files


def files_below(root: Path) -> dict[str, bytes]:
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


def test_a_folder_becomes_a_database_and_a_folder_again(
    run: Run, images: dict[str, bytes], tmp_path: Path
) -> None:
    assert run("convert", "images", "images.lmdb")[:2] == (0, "8 datapoints are in images.lmdb\n")
    loaded = list(LMDBSerializer.load("images.lmdb", shuffle=False))
    assert loaded == [[name, images[name]] for name in sorted(images)]
    assert run("convert", "images.lmdb", "back")[0] == 0
    assert files_below(tmp_path / "back") == images


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_flow_of_a_file_becomes_a_database(run: Run, tmp_path: Path, workers: str) -> None:
    (tmp_path / f"pipelines{workers}.py").write_text(
        textwrap.dedent("""
        from dataflow_core import DataFromList, rng

        def train():
            flow = DataFromList([[i] for i in range(50)])
            return flow.map(lambda dp: [*dp, int(rng().integers(1000))])
        """)
    )
    options = ("--workers", workers, "--seed", "3", "--commit-every", "7")
    assert run("convert", f"pipelines{workers}.py:train", "a.lmdb", *options)[0] == 0
    assert run("convert", f"pipelines{workers}:train", "b.lmdb", "--seed", "3")[0] == 0
    found = list(LMDBSerializer.load("a.lmdb", shuffle=False))
    assert sorted(dp[0] for dp in found) == [*range(50)]
    assert list(LMDBSerializer.load("b.lmdb", shuffle=False)) == found


def test_nothing_is_overwritten(run: Run, images: dict[str, bytes], tmp_path: Path) -> None:
    assert run("convert", "images", "images.lmdb")[0] == 0
    before = (tmp_path / "images.lmdb").read_bytes()
    status, _, error = run("convert", "images", "images.lmdb")
    assert status == 1
    assert "not overwritten" in error
    assert (tmp_path / "images.lmdb").read_bytes() == before
    status, _, error = run("convert", "images.lmdb", "images")
    assert status == 1
    assert "is not empty" in error


def test_what_was_killed_is_resumed(run: Run, tmp_path: Path) -> None:
    # Lots are committed one at a time, so the first ones are in when the thirtieth datapoint comes.
    (tmp_path / "stops.py").write_text(
        textwrap.dedent("""
        from pathlib import Path
        from threading import Event
        from dataflow_core import DataFromList

        def stop_at_30(dp):
            if dp[0] == "30.txt" and not Path("stopped").exists():
                Path("stopped").touch()
                Event().wait()
            return dp

        flow = DataFromList([[f"{i}.txt", b"x" * i] for i in range(60)], shuffle=False)
        flow = flow.map(stop_at_30)
        """)
    )
    arguments = ("convert", "stops.py:flow", "part.lmdb", "--resume", "--commit-every", "5")
    program = "from dataflow_core.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=tmp_path) as process:
        assert wait_until((tmp_path / "stopped").exists, seconds=60)
        process.send_signal(signal.SIGTERM)
    assert "broken off; --resume goes on" in run("info", "part.lmdb")[1]
    assert run(*arguments)[:2] == (0, "60 datapoints are in part.lmdb\n")
    names = [name for name, _ in LMDBSerializer.load("part.lmdb")]
    assert sorted(names) == sorted(f"{i}.txt" for i in range(60))


def test_a_foreign_database_is_converted_when_its_codec_is_said(
    run: Run, make: Callable[..., str]
) -> None:
    path = make({b"%d" % i: pickle.dumps([i, "x"]) for i in range(5)})
    status, _, error = run("convert", path, "safe.lmdb")
    assert status == 1
    assert "pickle" in error
    assert run("convert", path, "safe.lmdb", "--codec", "pickle")[0] == 0
    assert list(LMDBSerializer.load("safe.lmdb", shuffle=False)) == [[i, "x"] for i in range(5)]
    status, _, error = run("convert", path, "other.lmdb", "--codec", "arrow")
    assert status == 1
    assert "no codec 'arrow'" in error


def test_images_under_their_names_become_files(
    run: Run, make: Callable[..., str], tmp_path: Path
) -> None:
    files = {"a/1.jpg": b"\xff\xd8\xff one", "b.jpg": b"\xff\xd8\xff two"}
    path = make({name.encode(): content for name, content in files.items()})
    assert run("convert", path, "files", "--codec", "raw")[0] == 0
    assert files_below(tmp_path / "files") == files


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "", ".", "a\\..\\x", "C:/x", b"\xff", "a\0b"]
)
def test_a_name_does_not_lead_out_of_the_folder(tmp_path: Path, name: str | bytes) -> None:
    flow = DataFromList([[name, b"evil"]])
    with pytest.raises(FolderError, match=r"no name of a file"):
        write_folder(flow, tmp_path / "out", progress=False)
    assert files_below(tmp_path) == {}


def test_writing_a_folder_goes_on_where_it_stopped(tmp_path: Path) -> None:
    flow = DataFromList([[f"{i}", b"%d" % i] for i in range(5)], shuffle=False)
    assert write_folder(flow.take(3), tmp_path / "out", progress=False) == 3
    with pytest.raises(FolderError, match="not empty"):
        write_folder(flow, tmp_path / "out", progress=False)
    assert write_folder(flow, tmp_path / "out", resume=True, progress=False) == 5
    assert files_below(tmp_path / "out") == {f"{i}": b"%d" % i for i in range(5)}


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    flow = DataFromList([["a", b"1"], ["./a", b"2"]], shuffle=False)
    with pytest.raises(FolderError, match="two datapoints have the name 'a'"):
        write_folder(flow, tmp_path / "out", progress=False)


@pytest.mark.parametrize("dp", [["a"], ["a", 3], [1, b"x"], ["a", b"x", 2], {"a": b"x"}])
def test_a_folder_takes_names_and_contents_only(tmp_path: Path, dp: object) -> None:
    with pytest.raises(FolderError, match=r"\[name, content\]"):
        write_folder(DataFromList([dp]), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_one_state_fits_the_same_files_in_another_folder(tmp_path: Path) -> None:
    flow = DataFromList([[f"{i}", b"%d" % i] for i in range(5)], shuffle=False)
    for name in ("here", "there"):
        write_folder(flow, tmp_path / name, progress=False)
    here, there = FilesInFolder(tmp_path / "here"), FilesInFolder(tmp_path / "there")
    next(iter(here))
    there.load_state_dict(here.state_dict())
    assert [name for name, _ in there] == ["1", "2", "3", "4"]


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="no files"):
        FilesInFolder(tmp_path)
    with pytest.raises(FolderError, match="no folder"):
        FilesInFolder(tmp_path / "none")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none", "no file or folder 'none'"),
        ("none.py:flow", "there is no file"),
        ("no_such_module:flow", "no module 'no_such_module'"),
        ("json:no_such_name", "no attribute 'no_such_name'"),
        ("json:JSONDecodeError.__name__", "not a DataFlow"),
    ],
)
def test_a_source_that_is_none_is_told(run: Run, source: str, message: str) -> None:
    status, _, error = run("convert", source, "x.lmdb")
    assert status == 1
    assert message in error
    assert not Path("x.lmdb").exists()


def test_a_codec_for_what_is_no_database_is_refused(run: Run, images: dict[str, bytes]) -> None:
    status, _, error = run("convert", "images", "x.lmdb", "--codec", "pickle")
    assert status == 1
    assert "is no LMDB" in error


def test_info_tells_what_is_in_a_database(run: Run, images: dict[str, bytes]) -> None:
    run("convert", "images", "images.lmdb")
    status, out, _ = run("info", "images.lmdb", "--samples", "2")
    assert status == 0
    size = Path("images.lmdb").stat().st_size
    assert "records  8\n" in out
    assert f"bytes    {size:,} in the file\n" in out
    assert "keys     b'00000000' ... b'00000007'\n" in out
    assert "values   codec 'dataflow'\n" in out
    assert "written  by LMDBSerializer, completely\n" in out
    assert "[0] list of 2\n  [0] str 'cat/0.jpg'\n  [1] bytes, 5 of them\n" in out
    assert "[7] list of 2\n  [0] str 'dog/3.jpg'\n" in out


@pytest.mark.parametrize(
    ("value", "seems"),
    [
        (pickle.dumps([1]), "look like codec 'pickle'"),
        (b"\x93\x01\x02\x03", "look like codec 'msgpack-numpy'"),
        (b"\xff\xd8\xff\xe0 JFIF", "look like JPEG files"),
        (bytes.fromhex("0801 1001 1802 2202 07ff 2803"), "look like Datums of Caffe"),
        (b"what?", "of unknown form"),
    ],
)
def test_info_guesses_what_others_wrote_and_unpickles_nothing(
    run: Run, make: Callable[..., str], value: bytes, seems: str
) -> None:
    status, out, _ = run("info", make({b"k": value}))
    assert status == 0
    assert f"values   {seems}\n" in out
    assert f"  [1] bytes, {len(value)} of them" in out
    assert "by something else than LMDBSerializer" in out


def test_info_decodes_what_it_is_told_the_codec_of(run: Run, make: Callable[..., str]) -> None:
    path = make({b"k": pickle.dumps([1, "x"])})
    assert "  [1] str 'x'\n" in run("info", path, "--codec", "pickle")[1]


def test_info_about_nothing_is_told(run: Run, tmp_path: Path) -> None:
    status, _, error = run("info", "none.lmdb")
    assert (status, "no LMDB at 'none.lmdb'" in error) == (1, True)


def test_info_leaves_no_file_open(run: Run, images: dict[str, bytes]) -> None:
    run("convert", "images", "images.lmdb")
    run("info", "images.lmdb")
    LMDBSerializer.save(DataFromList([[1]]), "images.lmdb", resume=True, progress=False)
    assert len(LMDBData("images.lmdb")) == 8


@pytest.mark.parametrize("damaged", [False, True])
def test_info_checks_pages_before_it_reads_them(run: Run, tmp_path: Path, *, damaged: bool) -> None:
    path = tmp_path / "x.lmdb"
    LMDBSerializer.save(DataFromList([[bytes(100)]] * 900), path, progress=False)
    if damaged:
        data = bytearray(path.read_bytes())
        for page in range(2, len(data) // 4096):
            data[page * 4096 + 12] ^= 9
        path.write_bytes(data)
    status, output, errors = run("info", "x.lmdb", "--check")
    assert (status != 0) == damaged, errors
    assert ("free room" in output) == damaged
    assert ("no damage found" in output) != damaged
    assert ("is damaged: copy it again" in errors) == damaged
