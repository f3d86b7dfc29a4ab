"""What users see of plugins that others wrote: a healthy one, a broken one, and a clashing one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.environment

ROOT = Path(__file__).parents[2]
PACKAGES = ("dataflow-core", "dataflow-image", "dataflow-lmdb", "dataflow-zmq")
HEALTHY = ROOT / "examples" / "dataflow-csv-lines"
FOREIGN = (
    HEALTHY,
    Path(__file__).parent / "distributions" / "broken",
    Path(__file__).parent / "distributions" / "clashing",
)
TIMEOUT_S = 900  # enough for pip on a slow line
IMPORTED_BY_PLUGINS = [
    *("cv2", "lmdb", "zmq", "dataflow_image", "dataflow_lmdb", "dataflow_zmq"),
    *("dataflow_csv_lines", "dataflow_broken", "dataflow_clashing"),
]


@dataclass(frozen=True)
class User:
    """Somebody who works in an environment of their own.

    Attributes:
        python: that environment's interpreter.
        home: where commands run: outside the repository, so that only what is installed counts.
    """

    python: Path
    home: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the interpreter with nothing of this process's Python settings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        clean.pop("DATAFLOW_DISABLE_PLUGINS", None)
        return subprocess.run(
            [str(self.python), *arguments],
            env=clean | environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def script(self, code: str, *options: str, **environment: str) -> str:
        """Run code at the top level of a script and return what it prints; it must succeed."""
        path = self.home / "script.py"
        path.write_text(textwrap.dedent(code))
        done = self.run(*options, str(path), **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """A user who has installed the four packages and three foreign plugins."""
    home = tmp_path_factory.mktemp("user")
    subprocess.run(
        [sys.executable, "-m", "venv", str(home / "venv")], check=True, timeout=TIMEOUT_S
    )
    folder = "Scripts" if os.name == "nt" else "bin"
    user = User(home / "venv" / folder / "python", home)
    done = user.run(
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pytest"),
        *(str(ROOT / package) for package in PACKAGES),
        *map(str, FOREIGN),
    )
    assert done.returncode == 0, f"pip could not install:\n{done.stdout}{done.stderr}"
    return user


def test_listing_imports_no_plugin(user: User) -> None:
    printed = user.script(f"""
        import json, sys
        from dataflow_core import DataFlow
        from dataflow_core.registry import KINDS
        registry = DataFlow.registry
        names = {{kind: list(getattr(registry, kind)) for kind in KINDS}}
        entries = [(e.kind, e.name, e.distribution, e.version) for e in registry.entries()]
        imported = sorted(set({IMPORTED_BY_PLUGINS}) & set(sys.modules))
        print(json.dumps([names, entries, imported]))
    """)
    names, entries, imported = json.loads(printed)
    assert imported == []
    assert {"csv_lines", "broken", "lmdb", "list", "own"} <= set(names["sources"])
    assert {"parse_numbers", "map", "decode_image"} <= set(names["operators"])
    assert {"inline", "thread", "zmq"} <= set(names["backends"])
    assert ["sources", "csv_lines", "dataflow-csv-lines", "0.1.0"] in entries
    assert ["sources", "csv_lines", "dataflow-clashing", "2.0.0"] in entries


def test_importing_core_reads_no_entry_points(user: User) -> None:
    user.script("""
        import sys
        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
        import dataflow_core
        assert not [path for path in opened if path.endswith("entry_points.txt")]
        assert "pluggy" not in sys.modules
    """)


def test_every_name_of_the_four_packages_loads(user: User) -> None:
    printed = user.script("""
        from dataflow_core import DataFlow
        from dataflow_core.errors import BrokenPluginError
        from dataflow_core import hooks
        ours = {"dataflow-core", "dataflow-image", "dataflow-lmdb", "dataflow-zmq"}
        for entry in (*DataFlow.registry.entries(), *hooks.entries()):
            if entry.distribution in ours:
                try:
                    entry.load()
                except BrokenPluginError as error:
                    # A command may need the [cli] extra, and says so itself.
                    if entry.kind != "commands":
                        print(error)
    """)
    assert printed == ""


def test_the_names_of_the_four_packages_are_unambiguous_without_a_kind(user: User) -> None:
    user.script("""
        from dataflow_core import DataFlow
        from dataflow_lmdb import LMDBData
        assert DataFlow.registry.get("lmdb") is LMDBData
    """)


def test_a_healthy_plugin_works_by_name_and_by_method(user: User) -> None:
    (user.home / "table.csv").write_text("1,a\n2,b\n3,c\n")
    printed = user.script(
        """
        from dataflow_core import DataFlow
        source = DataFlow.registry.get("dataflow-csv-lines:csv_lines")
        df = source("table.csv").parse_numbers([0])
        assert "parse_numbers" in dir(df)
        print(list(df))
        print(list(df.parallel(2, backend="thread")))
        """,
        DATAFLOW_DISABLE_PLUGINS="dataflow-broken",
    )
    assert printed == "[[1.0, 'a'], [2.0, 'b'], [3.0, 'c']]\n" * 2


def test_the_healthy_plugins_own_tests_pass(user: User) -> None:
    # A copy, because in its place pytest would find this repository's settings.
    tests = shutil.copytree(HEALTHY / "tests", user.home / "healthy_tests")
    done = user.run(
        *("-m", "pytest", "-q", str(tests)),
        DATAFLOW_DISABLE_PLUGINS="dataflow-broken, dataflow-clashing",
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("broken", "a_library_that_is_not_there"),
        ("broken_inside", "a_library_that_is_not_there"),
    ],
)
def test_a_broken_plugin_costs_its_own_names(user: User, name: str, missing: str) -> None:
    user.script(f"""
        from dataflow_core import DataFlow
        from dataflow_core.errors import BrokenPluginError
        registry = DataFlow.registry
        try:
            registry.get({name!r})
        except BrokenPluginError as error:
            assert isinstance(error.__cause__, ModuleNotFoundError)
            assert error.__cause__.name == {missing!r}
            assert error.distribution == "dataflow-broken"
            assert "dataflow-broken 0.3.0" in str(error)
        else:
            raise SystemExit("no error")
        assert registry.get("own").__name__ == "Source"
        assert registry.get("list").__name__ == "DataFromList"
    """)


def test_broken_hooks_are_warned_about_once_and_flows_run(user: User) -> None:
    user.script("""
        import warnings
        from dataflow_core import DataFromList
        from dataflow_core.errors import BrokenPluginWarning
        df = DataFromList([[1], [2]], shuffle=False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert list(df) == [[1], [2]]
            assert list(df) == [[1], [2]]
        (warning,) = [w.message for w in caught if isinstance(w.message, BrokenPluginWarning)]
        assert warning.distribution == "dataflow-broken"
        assert "a_library_that_is_not_there" in str(warning)
    """)


def test_switched_off_hooks_are_not_even_tried(user: User) -> None:
    user.script(
        """
        from dataflow_core import DataFromList
        assert list(DataFromList([[1], [2]], shuffle=False)) == [[1], [2]]
        """,
        *("-W", "error"),
        DATAFLOW_DISABLE_PLUGINS="dataflow-broken",
    )


def test_a_name_that_two_claim_names_both_and_takes_a_prefix(user: User) -> None:
    user.script("""
        from dataflow_core import DataFlow
        from dataflow_core.errors import AmbiguousPluginError
        registry = DataFlow.registry
        for name, owner in (("csv_lines", "dataflow-csv-lines"), ("fake", "dataflow-core")):
            try:
                registry.get(name)
            except AmbiguousPluginError as error:
                assert set(error.distributions) == {owner, "dataflow-clashing"}
                assert f"get('{owner}:{name}')" in str(error)
            else:
                raise SystemExit("no error")
            assert registry.get(f"dataflow-clashing:{name}").__module__ == "dataflow_clashing"
        assert registry.get("dataflow-csv-lines:csv_lines").__name__ == "CSVLines"
        assert registry.get("dataflow-core:fake").__name__ == "FakeData"
        assert registry.get("own").__module__ == "dataflow_clashing"
    """)


@pytest.mark.parametrize("switch", ["dataflow-clashing", "DataFlow_Clashing:csv_lines, own"])
def test_switching_one_off_settles_the_clash(user: User, switch: str) -> None:
    user.script(
        """
        from dataflow_core import DataFlow
        from dataflow_core.errors import UnknownPluginError
        registry = DataFlow.registry
        assert registry.get("csv_lines").__name__ == "CSVLines"
        try:
            registry.get("own")
        except UnknownPluginError as error:
            assert "DATAFLOW_DISABLE_PLUGINS" in str(error)
        else:
            raise SystemExit("no error")
        """,
        DATAFLOW_DISABLE_PLUGINS=switch,
    )
