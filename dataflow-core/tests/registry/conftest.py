"""Distributions that are installed for one test only."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest


class FakeSite:
    """A folder on `sys.path` that looks as if pip had installed into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(
        self,
        distribution: str,
        points: Mapping[str, Mapping[str, str]],
        *,
        version: str = "1.0",
        modules: Mapping[str, str] | None = None,
        egg: bool = False,
    ) -> None:
        """Write the metadata and the modules; `points` is {kind: {name: value}}."""
        stem = distribution.replace("-", "_")
        info = self.folder / (f"{stem}.egg-info" if egg else f"{stem}-{version}.dist-info")
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / ("PKG-INFO" if egg else "METADATA")).write_text(metadata)
        lines = []
        for kind, names in points.items():
            lines.append(f"[dataflow.{kind}]")
            lines += [f"{name} = {value}" for name, value in names.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, source in (modules or {}).items():
            (self.folder / f"{module}.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSite]:
    """An empty site folder at the head of `sys.path`."""
    monkeypatch.delenv("DATAFLOW_DISABLE_PLUGINS", raising=False)
    before = set(sys.modules)
    fake = FakeSite(tmp_path / "site")
    monkeypatch.syspath_prepend(str(fake.folder))
    yield fake
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
