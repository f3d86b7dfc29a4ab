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
from dataflow_core import BatchData, DataFlow, MapData, ParallelData, RNGDataFlow

class MyDataFlow(RNGDataFlow):
    def get_data(self):
        for number in range(20):
            yield [self.rng.random((64, 64)), number]

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
df = ParallelData(df, 3, backend="process")
df.reset_state(7)
labels = [batch[1].tolist() for batch in df.get_data()]
images = [batch[0] for batch in df]
assert all(image.nbytes > 1 << 16 for image in images)
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
        print(list(flow.parallel(1, "process")), sys.stdin.read())
    """
    (directory / "reads.py").write_text(textwrap.dedent(reads))
    said = run(["reads.py"], directory, "meant for the script")
    assert said == "[[[1], ''], [[2], '']] meant for the script"


FORKS = """
    import gc, os, sys
    import dataflow_core as df

    def build():
        return df.DataFromList([[i] for i in range(200)], shuffle=False).map(lambda dp: dp)

    flow = build().parallel(2, "process")
    reading = iter(flow)
    seen = [next(reading)]
    child = os.fork()
    if child == 0:
        own = build().parallel(1, "process")
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

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(slow).parallel(2, "process")
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


INTERRUPTED = """
    import os, time
    import numpy as np
    import dataflow_core as df

    def slow(dp):
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(600)

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(slow)
    flow = flow.parallel(2, "process")
    try:
        list(flow)
    finally:
        flow.close()
"""


@needs_proc
def test_ctrl_c_twice_leaves_nothing(directory: Path) -> None:
    with Program(INTERRUPTED, directory) as program:
        workers = [program.worker(), program.worker()]
        group = program.process.pid
        # As a terminal does: to the whole group.
        os.killpg(group, signal.SIGINT)
        wait_until(lambda: program.process.poll() is not None, 0.2)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGINT)
        assert program.process.wait(30) != 0
        assert wait_until(lambda: not any(map(alive, workers)), GRACE_SECONDS)
        assert wait_until(lambda: not in_group(group), GRACE_SECONDS)


CAUGHT = """
    import os, signal, threading
    import numpy as np
    import dataflow_core as df

    def image(dp):
        return [dp[0], np.full((200, 200), dp[0] % 256, np.uint8)]

    flow = df.DataFromList([[i] for i in range(400)], shuffle=False).map(image).batch(4)
    flow = flow.parallel(2, "process")
    main = threading.main_thread().ident
    caught = 0
    for delay in (0.0, 0.001, 0.003, 0.01, 0.02, 0.05):
        timer = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
        try:
            for labels, _ in flow:
                if labels[0] == 0:
                    timer.start()
            timer.join()
        except KeyboardInterrupt:
            caught += 1
    fine = [int(n) for labels, _ in flow for n in labels] == list(range(400))
    flow.close()
    print(fine, caught > 0)
"""


def test_a_flow_is_whole_again_after_ctrl_c_was_caught(directory: Path) -> None:
    (directory / "caught.py").write_text(textwrap.dedent(CAUGHT))
    assert run(["caught.py"], directory) == "True True"


NESTED = """
    import numpy as np
    import dataflow_core as df

    def inner(dp):
        flow = df.DataFromList([[dp[0] * 10 + i] for i in range(3)], shuffle=False)
        flow = flow.map(lambda one: [one[0] + 1, np.full((200, 200), one[0], np.uint8)]).batch(3)
        with flow.parallel(2, "process") as parallel:
            ((numbers, images),) = parallel
        assert [int(n) - 1 for n in numbers] == images[:, 7, 7].tolist()
        return [int(numbers.sum()), images]

    flow = df.DataFromList([[i] for i in range(4)], shuffle=False).map(inner).batch(2)
    with flow.parallel(2, "process") as parallel:
        kept = list(parallel)
    print([batch[0].tolist() for batch in kept], [b[1][:, :, 0, 0].tolist() for b in kept])
"""


def test_a_flow_in_a_worker_of_another_is_right(directory: Path) -> None:
    (directory / "nested.py").write_text(textwrap.dedent(NESTED))
    sums = "[[6, 36], [66, 96]]"
    pixels = "[[[0, 1, 2], [10, 11, 12]], [[20, 21, 22], [30, 31, 32]]]"
    assert run(["nested.py"], directory) == f"{sums} {pixels}"


SCALE = """
FACTOR = 3
def scale(dp):
    return [dp[0] * FACTOR, np.full((200, 200), dp[0], np.uint8)]
class Add:
    def __call__(self, dp):
        return [dp[0] + 1, dp[1]]
flow = df.DataFromList([[i] for i in range(8)], shuffle=False).map(scale).map(Add())
flow = flow.map(lambda dp: dp).batch(4).parallel(2, "process")
"""
CHANGED = """
FACTOR = 5
again = df.DataFromList([[1]], shuffle=False).map(scale).parallel(1, "process")
print(next(iter(again))[0])
"""
CELLS = [
    "import dataflow_core as df, numpy as np",
    SCALE,
    "print([batch[0].tolist() for batch in flow])",
    CHANGED,
    "reading = iter(flow); next(reading); None",
]


def test_cells_of_a_notebook_run_and_its_end_leaves_nothing(directory: Path) -> None:
    pytest.importorskip("ipykernel")
    manager = pytest.importorskip("jupyter_client.manager")
    kernel, client = manager.start_new_kernel(
        kernel_name="python3", cwd=str(directory), start_new_session=True
    )
    said: list[str] = []

    def output(message: dict[str, object]) -> None:
        content = message["content"]
        assert isinstance(content, dict)
        assert message["msg_type"] != "error", "\n".join(content["traceback"])
        if message["msg_type"] == "stream":
            said.append(content["text"])

    group = kernel.provisioner.pid
    try:
        for cell in CELLS:
            client.execute_interactive(cell, timeout=60, output_hook=output)
        assert "".join(said).splitlines() == ["[[1, 4, 7, 10], [13, 16, 19, 22]]", "5"]
        assert len(in_group(group)) >= 3
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert wait_until(lambda: not in_group(group), GRACE_SECONDS)
