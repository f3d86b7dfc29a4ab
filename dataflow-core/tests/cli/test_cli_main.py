from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from dataflow_script import Script

pytest.importorskip("typer")


def test_importing_the_command_line_imports_neither_typer_nor_rich() -> None:
    code = (
        "import sys, dataflow_core.cli; sys.exit(bool({'typer', 'rich', 'click'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_one_line_says_how_to_install_it(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\nfrom dataflow_core.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert 'pip install "dataflow-core[cli]"' in line
    assert missing in line


def test_a_library_that_is_missing_elsewhere_is_not_mistaken_for_the_extra() -> None:
    code = "import sys; sys.modules['numpy'] = None\nfrom dataflow_core.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "numpy" in done.stderr
    assert "[cli]" not in done.stderr


def test_version_is_the_distributions(dataflow: Script) -> None:
    done = dataflow("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"dataflow-core {version('dataflow-core')}, Python ")


def test_without_arguments_it_shows_what_there_is(dataflow: Script) -> None:
    text = dataflow().stdout
    assert "bench" in text
    assert "plugins" in text


def test_a_command_close_to_the_asked_one_is_named(dataflow: Script) -> None:
    done = dataflow("bensh")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no command 'bensh'")
    assert "near it: bench" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_is_switched_off_is_no_mystery(dataflow: Script) -> None:
    done = dataflow("bench", DATAFLOW_DISABLE_PLUGINS="bench")
    assert done.returncode == 2
    assert "DATAFLOW_DISABLE_PLUGINS switches it off" in done.stderr


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("def pipe():\n    return 1 / 0\n", "line 2, in pipe"),
        ("import numpy\nhalf =\n", "line 2"),
    ],
)
def test_what_the_users_code_raises_is_shown_from_there_on(
    dataflow: Script, tmp_path: Path, code: str, first: str
) -> None:
    (tmp_path / "own.py").write_text(code)
    done = dataflow("bench", f"{tmp_path / 'own.py'}:pipe")
    assert done.returncode == 1
    files = [line for line in done.stderr.splitlines() if line.strip().startswith("File ")]
    assert "own.py" in files[0]
    assert first in files[0]
    whole = dataflow("--traceback", "bench", f"{tmp_path / 'own.py'}:pipe").stderr
    assert "group.py" in whole


class TestForeignCommands:
    def test_run_with_their_arguments(self, dataflow: Script, broken_site: str) -> None:
        done = dataflow("greet", "Ada", PYTHONPATH=broken_site)
        assert (done.returncode, done.stdout) == (0, "hello Ada\n")

    def test_can_be_asked_for_by_distribution(self, dataflow: Script, broken_site: str) -> None:
        done = dataflow("dataflow-foreign:greet", "Ada", PYTHONPATH=broken_site)
        assert done.stdout == "hello Ada\n"

    def test_raise_what_the_user_can_mend_and_it_is_told_in_one_line(
        self, dataflow: Script, broken_site: str
    ) -> None:
        done = dataflow("greet", "Ada", "--fail", PYTHONPATH=broken_site)
        assert (done.returncode, done.stderr) == (1, "error: no greeting for Ada\n")

    def test_show_where_an_error_comes_from_on_request(
        self, dataflow: Script, broken_site: str
    ) -> None:
        done = dataflow("--traceback", "greet", "Ada", "--fail", PYTHONPATH=broken_site)
        assert done.returncode == 1
        assert "foreign_commands.py" in done.stderr
        assert "no greeting for Ada" in done.stderr

    def test_a_broken_one_is_in_the_help_with_its_cause_and_others_run(
        self, dataflow: Script, broken_site: str
    ) -> None:
        done = dataflow("--help", PYTHONPATH=broken_site, COLUMNS="200")
        assert done.returncode == 0
        lines = {
            line.strip(" │").split()[0]: line for line in done.stdout.splitlines() if "│" in line
        }
        assert "No module named 'a_library_that_is_gone'" in lines["broken"]
        assert "Greet somebody" in lines["greet"]
        assert "Run a pipeline" in lines["bench"]

    @pytest.mark.parametrize("arguments", [[], ["--help"], ["some", "--option=1"]])
    def test_a_broken_one_tells_its_cause_whatever_it_is_given(
        self, dataflow: Script, broken_site: str, arguments: list[str]
    ) -> None:
        done = dataflow("broken", *arguments, PYTHONPATH=broken_site)
        assert done.returncode == 1
        assert "dataflow-foreign 0.7" in done.stderr
        assert "a_library_that_is_gone" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("name", ["untypeable", "constant"])
    def test_what_is_no_command_is_refused_by_name(
        self, dataflow: Script, broken_site: str, name: str
    ) -> None:
        done = dataflow(name, PYTHONPATH=broken_site)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: command {name!r}")


def test_running_one_command_imports_no_other(dataflow: Script, broken_site: str) -> None:
    done = dataflow("-h", PYTHONPATH=broken_site)
    assert done.returncode == 0
    code = (
        "import sys\nfrom dataflow_core.cli import main\n"
        "sys.argv = ['dataflow', 'plugins', '--no-load']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.exit('foreign_commands' in sys.modules or 'cv2' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": broken_site},
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
