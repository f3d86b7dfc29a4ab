"""Every folder is a whole small project, and what it registers is there."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dataflow-core", "dataflow-image", "dataflow-lmdb", "dataflow-zmq")
TESTED = ("tests", *(f"{package}/tests" for package in PACKAGES))


def entry_points() -> list[EntryPoint]:
    return [
        point
        for package in PACKAGES
        for point in distribution(package).entry_points
        if point.group.startswith("dataflow.") or point.group == "console_scripts"
    ]


@pytest.mark.parametrize("point", entry_points(), ids=lambda point: f"{point.group}:{point.name}")
def test_entry_point_resolves(point: EntryPoint) -> None:
    assert point.load() is not None


@pytest.mark.parametrize("point", entry_points(), ids=lambda point: f"{point.group}:{point.name}")
def test_names_are_identifiers(point: EntryPoint) -> None:
    assert point.name.isidentifier()
    assert point.name == point.name.lower()


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("file", ["README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"])
def test_package_has(package: str, file: str) -> None:
    assert (ROOT / package / file).read_text(encoding="utf-8").count("\n") > 2


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_typed(package: str) -> None:
    assert (ROOT / package / "src" / package.replace("-", "_") / "py.typed").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_licence_is_the_repositorys(package: str) -> None:
    assert (ROOT / package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("package", PACKAGES)
def test_changelog_tells_of_the_version(package: str) -> None:
    changelog = (ROOT / package / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {distribution(package).version}" in changelog


@pytest.mark.parametrize("package", PACKAGES)
def test_installed_distribution_carries_its_licence(package: str) -> None:
    assert "LICENSE" in {file.name for file in distribution(package).files or ()}


def test_names_of_test_files_differ() -> None:
    """Test modules are imported by their bare names: the second of one name could not be."""
    files = [path for folder in TESTED for path in (ROOT / folder).rglob("test_*.py")]
    assert [name for name, times in Counter(path.name for path in files).items() if times > 1] == []
