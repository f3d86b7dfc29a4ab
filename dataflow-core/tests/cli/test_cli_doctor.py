from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from dataflow_script import Script

pytest.importorskip("typer")

from dataflow_core import DataFlow
from dataflow_core.cli import checks
from dataflow_core.discovery import Entry


def lines_of(text: str) -> dict[str, str]:
    """Return what follows the verdict's column by what was looked at, verdict included."""
    heading, *lines = text.splitlines()
    at = heading.index("verdict")
    return {line[:at].strip(): line[at:].strip() for line in lines}


def test_a_sound_installation_is_told_to_be_one(dataflow: Script) -> None:
    done = dataflow("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    lines = lines_of(done.stdout)
    for what in ("interpreter", "plugins", "processors", "shared memory"):
        assert lines[what].split()[0] in ("ok", "note")
    for name in ("inline", "thread", "process"):
        assert lines[f"backend {name}"].startswith("ok")


def test_a_broken_plugin_is_named_once_with_what_to_do(dataflow: Script, broken_site: str) -> None:
    done = dataflow("doctor", PYTHONPATH=broken_site)
    assert done.returncode == 1
    lines = lines_of(done.stdout)
    told = lines["plugin dataflow-foreign"]
    assert told.startswith("broken")
    assert "No module named 'a_library_that_is_gone'" in told
    assert "`dataflow plugins`" in told
    assert lines["backend process"].startswith("ok")


def test_a_backend_that_loses_datapoints_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_squared", lambda dp: [dp[0]])
    found = checks.backend("thread")
    assert found.verdict == "broken"
    assert "others came out: [[0], [1], [2]] ..." in found.told


def test_a_backend_that_does_not_start_is_broken() -> None:
    found = checks.backend("a-backend-that-is-not-there")
    assert found.verdict == "broken"
    assert "a-backend-that-is-not-there" in found.told


def test_workers_that_fail_are_told_with_their_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_dp: Any) -> Any:
        raise OSError("no such luck\nin two lines")

    monkeypatch.setattr(checks, "_squared", fails)
    found = checks.backend("process")
    assert (found.verdict, found.told) == ("broken", "OSError: no such luck")


def test_one_module_of_two_distributions_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checks,
        "packages_distributions",
        lambda: {
            "cv2": ["opencv-python", "opencv_python_headless"],
            "numpy": ["numpy"],
            "unrelated": ["one", "another"],
            "_hidden": ["opencv-python", "opencv-python-headless"],
        },
    )
    monkeypatch.setattr(checks, "requires", lambda _: ["opencv-python-headless>=4.7", "numpy"])
    [found] = checks.doubles(["dataflow-image"])
    assert (found.what, found.verdict) == ("module cv2", "note")
    assert "pip uninstall opencv-python opencv-python-headless" in found.remedy


def test_a_distribution_without_metadata_needs_nothing() -> None:
    assert list(checks.doubles(["not-installed-at-all"])) == []


def test_no_room_for_shared_memory_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_size: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checks, "create_segment", full)
    found = checks.shared_memory()
    assert found.verdict == "broken"
    assert "No space left" in found.told
    assert 'backend="thread"' in found.remedy


def test_a_container_that_allows_less_than_there_is_noted() -> None:
    found = checks.processors(lambda: 0.5)
    assert "0.5 at a time" in found.told
    assert found.remedy == "num_workers=1 is as fast as more"
    assert checks.processors(lambda: 1000.0).verdict == "ok"
    assert checks.processors(lambda: None).verdict == "ok"


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="this system does not tell")
def test_memory_is_told_where_the_system_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks.memory()
    assert found is not None
    assert "GB free of" in found.told
    monkeypatch.setattr(Path, "read_text", missing)
    assert checks.memory() is None


def missing(*_: Any, **__: Any) -> str:
    raise FileNotFoundError


@pytest.mark.parametrize(
    ("limits", "remedy"),
    [
        ((100, 4096), "`ulimit -n 4096` before the program starts"),
        ((100, 100), "have the system's limit raised"),
        ((100, -1), "`ulimit -n unlimited` before the program starts"),
        ((4096, 4096), ""),
        ((-1, -1), ""),
    ],
)
def test_few_open_files_are_noted(
    limits: tuple[int, int], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    found = checks.descriptors()
    assert found is not None
    assert found.remedy == remedy
    assert found.verdict == ("note" if remedy else "ok")


def test_where_there_is_no_such_limit_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert checks.descriptors() is None


def test_every_broken_distribution_has_one_line() -> None:
    broken = [
        Entry("sources", name, distribution, "1.0", "no_such_module:thing")
        for distribution in ("first", "second")
        for name in ("a", "b")
    ]
    found = [*checks.plugins([*broken, *DataFlow.registry.entries()])]
    assert sorted(each.what for each in found) == ["plugin first", "plugin second"]
    assert all(each.verdict == "broken" and "'a'" in each.told for each in found)
