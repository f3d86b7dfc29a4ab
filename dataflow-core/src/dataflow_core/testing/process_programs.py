"""Whole programs: how they start, how they are killed, and what is left of them."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dataflow_core.parallel import Backend
from dataflow_core.testing.backend_case import BackendCase
from dataflow_core.testing.program import PATIENCE_SECONDS, Program, alive, in_group, run_program
from dataflow_core.testing.scripts import (
    ASSERTS,
    CAUGHT,
    CELLS,
    CHILD,
    FORKS,
    INTERRUPTED,
    LABELS,
    MAINS,
    NESTED,
    OATH,
    READS,
    SPELLBOUND,
    VICTIM,
)
from dataflow_core.testing.waiting import wait_until

Using = Callable[[str], str]

#: A worker whose parent is gone may live this long; what is on top is a loaded machine's.
GRACE_SECONDS = 1.0 + 4.0

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not tell who is alive"
)


class BackendPrograms(BackendCase):
    """Programs that use the backend by its name."""

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        """Return where a program runs, with a folder for its temporary files."""
        (tmp_path / "tmp").mkdir()
        return tmp_path

    @pytest.fixture
    def using(self, backend: str | Backend) -> Using:
        """Return a function that makes a program use the backend."""
        name = backend if isinstance(backend, str) else backend.name
        return lambda program: textwrap.dedent(program).replace("BACKEND", repr(name))

    def test_a_script_without_a_main_guard_runs(self, directory: Path, using: Using) -> None:
        (directory / "oath.py").write_text(using(OATH))
        assert run_program(["oath.py"], directory) == LABELS

    def test_a_script_piped_into_python_runs(self, directory: Path, using: Using) -> None:
        assert run_program(["-"], directory, using(OATH)) == LABELS

    def test_datapoints_may_be_of_classes_that_the_script_defines(
        self, directory: Path, using: Using
    ) -> None:
        (directory / "mains.py").write_text(using(MAINS))
        assert run_program(["mains.py"], directory) == "all came back"

    def test_a_child_that_multiprocessing_started_runs_what_its_script_defines(
        self, directory: Path, using: Using
    ) -> None:
        (directory / "child.py").write_text(using(CHILD))
        assert run_program(["child.py"], directory) == "[0, 2, 4, 6, 8]"

    def test_a_module_run_by_name_runs_with_its_neighbours(
        self, directory: Path, using: Using
    ) -> None:
        package = directory / "package"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "neighbour.py").write_text("def more(dp):\n    return [dp[0], dp[1] + 1]\n")
        oath = using(OATH).replace("lambda dp: [dp[0], dp[1] + 1]", "more")
        (package / "oath.py").write_text("from package.neighbour import more\n" + oath)
        assert run_program(["-m", "package.oath"], directory) == LABELS

    def test_what_lies_in_the_current_folder_is_not_taken_for_a_standard_module(
        self, directory: Path, using: Using
    ) -> None:
        for name in ("json", "signal", "queue"):
            (directory / f"{name}.py").write_text("raise RuntimeError('not meant to be imported')")
        (directory / "scripts").mkdir()
        (directory / "scripts" / "oath.py").write_text(using(OATH))
        assert run_program(["scripts/oath.py"], directory) == LABELS

    def test_workers_have_the_options_of_their_parents_interpreter(
        self, directory: Path, using: Using
    ) -> None:
        (directory / "asserts.py").write_text(using(ASSERTS))
        assert run_program(["-O", "-X", "utf8", "asserts.py"], directory) == "[[1, 1], [2, 1]]"

    def test_a_script_that_stops_in_the_middle_ends_quietly(
        self, directory: Path, using: Using
    ) -> None:
        stops = using(OATH) + "reading = iter(df)\nnext(reading)\nprint('the end')\n"
        assert run_program(["-"], directory, stops).endswith("the end")

    def test_a_script_that_reads_its_standard_input_is_not_disturbed(
        self, directory: Path, using: Using
    ) -> None:
        (directory / "reads.py").write_text(using(READS))
        said = run_program(["reads.py"], directory, "meant for the script")
        assert said == "[[[1], ''], [[2], '']] meant for the script"

    @pytest.mark.parametrize("how", ["exits", "collects", "goes on", "exits at once"])
    def test_a_fork_does_not_end_the_workers_of_its_parent(
        self, directory: Path, using: Using, how: str
    ) -> None:
        (directory / "forks.py").write_text(using(FORKS).format(how=how))
        # The child drops, unclosed, what is the parent's to close.
        quiet = ["-W", "ignore::DeprecationWarning", "-W", "ignore::ResourceWarning"]
        assert run_program([*quiet, "forks.py"], directory) == "0 True"

    @needs_proc
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_no_worker_outlives_its_parent(
        self, directory: Path, using: Using, how: signal.Signals
    ) -> None:
        with Program(using(VICTIM), directory) as program:
            workers = [program.worker(), program.worker()]
            assert all(map(alive, workers))
            assert program.end(how) != 0
            assert wait_until(lambda: not any(map(alive, workers)), GRACE_SECONDS)
            assert wait_until(lambda: not in_group(program.group), GRACE_SECONDS)
            assert list((directory / "tmp").iterdir()) == []

    @needs_proc
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells without the interpreter")
    def test_no_worker_outlives_its_parent_in_code_that_holds_the_interpreter(
        self, directory: Path, using: Using
    ) -> None:
        with Program(using(SPELLBOUND), directory) as program:
            workers = [program.worker(), program.worker()]
            program.end(signal.SIGKILL)
            assert wait_until(lambda: not any(map(alive, workers)), GRACE_SECONDS)

    @needs_proc
    @pytest.mark.parametrize("processes", [2, 3])
    def test_a_parent_killed_while_workers_start_leaves_nothing(
        self, directory: Path, using: Using, processes: int
    ) -> None:
        with Program(using(VICTIM), directory) as program:
            group = program.group
            assert wait_until(lambda: len(in_group(group)) >= processes)
            program.end(signal.SIGKILL)
            assert wait_until(lambda: not in_group(group), GRACE_SECONDS)
            assert wait_until(lambda: not list((directory / "tmp").iterdir()), GRACE_SECONDS)

    @needs_proc
    def test_ctrl_c_twice_leaves_nothing(self, directory: Path, using: Using) -> None:
        with Program(using(INTERRUPTED), directory) as program:
            workers = [program.worker(), program.worker()]
            group = program.group
            # As a terminal does: to the whole group.
            os.killpg(group, signal.SIGINT)
            wait_until(lambda: program.process.poll() is not None, 0.2)
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGINT)
            assert program.process.wait(PATIENCE_SECONDS) != 0
            assert wait_until(lambda: not any(map(alive, workers)), GRACE_SECONDS)
            assert wait_until(lambda: not in_group(group), GRACE_SECONDS)

    def test_a_flow_is_whole_again_after_ctrl_c_was_caught(
        self, directory: Path, using: Using
    ) -> None:
        (directory / "caught.py").write_text(using(CAUGHT))
        assert run_program(["caught.py"], directory) == "True True"

    def test_a_flow_in_a_worker_of_another_is_right(self, directory: Path, using: Using) -> None:
        (directory / "nested.py").write_text(using(NESTED))
        sums = "[[6, 36], [66, 96]]"
        pixels = "[[[0, 1, 2], [10, 11, 12]], [[20, 21, 22], [30, 31, 32]]]"
        assert run_program(["nested.py"], directory) == f"{sums} {pixels}"

    def test_cells_of_a_notebook_run_and_its_end_leaves_nothing(
        self, directory: Path, using: Using
    ) -> None:
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
                client.execute_interactive(
                    using(cell), timeout=PATIENCE_SECONDS, output_hook=output
                )
            assert "".join(said).splitlines() == ["[[1, 4, 7, 10], [13, 16, 19, 22]]", "5"]
            assert len(in_group(group)) >= 3
        finally:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)
        assert wait_until(lambda: not in_group(group), GRACE_SECONDS)
