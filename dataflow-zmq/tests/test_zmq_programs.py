"""Whole programs: how they start, how they are killed, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dataflow_core.testing import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self

#: A worker whose parent is gone may live this long; what is on top is a loaded machine's.
GRACE_SECONDS = 1.0 + 4.0

OATH = """
import numpy as np
from dataflow_core import BatchData, DataFlow, MapData, RNGDataFlow
from dataflow_zmq import PrefetchDataZMQ

class MyDataFlow(RNGDataFlow):
    def get_data(self):
        for number in range(20):
            yield [self.rng.random((4, 4)), number]

class Scale:
    def __init__(self, factor):
        self.factor = factor
    def __call__(self, dp):
        return [dp[0] * self.factor, helper(dp[1])]

def helper(number):
    return number * FACTOR

FACTOR = 3
df = MyDataFlow()
df = MapData(df, Scale(2))
df = MapData(df, lambda dp: [dp[0], dp[1] + 1])
df = BatchData(df, 4)
sequential = df
df = PrefetchDataZMQ(df, 3)
df.reset_state(7)
labels = [batch[1].tolist() for batch in df.get_data()]
images = [batch[0] for batch in df]
sequential.reset_state(7)
list(sequential)
assert all(np.array_equal(a, b[0]) for a, b in zip(images, sequential))
print(labels)
"""
LABELS = str([[3 * i + 1 for i in range(start, start + 4)] for start in range(0, 20, 4)])


def run(arguments: list[str], directory: Path, text: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=directory,
        env={**os.environ, "TMPDIR": str(directory / "tmp")},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list((directory / "tmp").iterdir()) == []
    return done.stdout.strip()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path


def test_a_script_without_a_main_guard_runs(directory: Path) -> None:
    (directory / "oath.py").write_text(OATH)
    assert run(["oath.py"], directory) == LABELS


def test_a_script_piped_into_python_runs(directory: Path) -> None:
    assert run(["-"], directory, OATH) == LABELS


def test_a_module_run_by_name_runs_with_its_neighbours(directory: Path) -> None:
    package = directory / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "neighbour.py").write_text("def more(dp):\n    return [dp[0], dp[1] + 1]\n")
    oath = OATH.replace("lambda dp: [dp[0], dp[1] + 1]", "more")
    (package / "oath.py").write_text("from package.neighbour import more\n" + oath)
    assert run(["-m", "package.oath"], directory) == LABELS


def test_a_script_that_stops_in_the_middle_ends_quietly(directory: Path) -> None:
    stops = OATH + "reading = iter(df)\nnext(reading)\nprint('the end')\n"
    assert run(["-"], directory, stops).endswith("the end")


def test_a_script_that_reads_its_standard_input_is_not_disturbed(directory: Path) -> None:
    reads = """
        import sys
        import dataflow_core as df
        flow = df.DataFromList([[1], [2]], shuffle=False).map(lambda dp: [dp, sys.stdin.read()])
        print(list(flow.parallel(1, "zmq")), sys.stdin.read())
    """
    (directory / "reads.py").write_text(textwrap.dedent(reads))
    said = run(["reads.py"], directory, "meant for the script")
    assert said == "[[[1], ''], [[2], '']] meant for the script"


FORKS = """
    import gc, os, sys
    import dataflow_core as df

    def build():
        return df.DataFromList([[i] for i in range(200)], shuffle=False).map(lambda dp: dp)

    flow = build().parallel(2, "zmq")
    reading = iter(flow)
    seen = [next(reading)]
    child = os.fork()
    if child == 0:
        own = build().parallel(1, "zmq")
        fine = len(list(own)) == 200
        own.close()
        if {how!r} == "collects":
            del flow, reading
            gc.collect()
        if {how!r} == "exits at once":
            os._exit(0)
        sys.exit(0 if fine else 1)
    _, status = os.waitpid(child, 0)
    seen += reading
    print(status, seen == [[i] for i in range(200)])
"""


@pytest.mark.parametrize("how", ["exits", "collects", "exits at once"])
def test_a_fork_does_not_end_the_workers_of_its_parent(directory: Path, how: str) -> None:
    (directory / "forks.py").write_text(textwrap.dedent(FORKS).format(how=how))
    # The child drops, unclosed, what is the parent's to close.
    quiet = ["-W", "ignore::DeprecationWarning", "-W", "ignore::ResourceWarning"]
    assert run([*quiet, "forks.py"], directory) == "0 True"


VICTIM = """
    import os, sys, time
    import dataflow_core as df

    def slow(dp):
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(600)

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(slow).parallel(2, "zmq")
    list(flow)
"""


class Program:
    """A program under way, with its workers' numbers, in a group of processes of its own."""

    def __init__(self, text: str, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(text)],
            env={**os.environ, "TMPDIR": str(directory / "tmp")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def worker(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def in_group(group: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not tell who is alive"
)


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(directory: Path, how: signal.Signals) -> None:
    with Program(VICTIM, directory) as program:
        workers = [program.worker(), program.worker()]
        assert all(map(alive, workers))
        assert program.end(how) != 0
        assert wait_until(lambda: not any(map(alive, workers)), GRACE_SECONDS)
        assert wait_until(lambda: not in_group(program.process.pid), GRACE_SECONDS)
        assert list((directory / "tmp").iterdir()) == []


@needs_proc
@pytest.mark.parametrize("processes", [2, 3])
def test_a_parent_killed_while_workers_start_leaves_nothing(
    directory: Path, processes: int
) -> None:
    with Program(VICTIM, directory) as program:
        group = program.process.pid
        assert wait_until(lambda: len(in_group(group)) >= processes)
        program.end(signal.SIGKILL)
        assert wait_until(lambda: not in_group(group), GRACE_SECONDS)
        assert wait_until(lambda: not list((directory / "tmp").iterdir()), GRACE_SECONDS)
