"""What is read from metadata."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core.discovery import Entry, same_distribution, scan
from dataflow_core.discovery.switch import DisableSwitch


def test_an_entry_says_where_it_comes_from(site: Any) -> None:
    site.install("Tiny-Lines", {"sources": {"tiny": "tiny_lines:Lines"}}, version="2.5")
    found = [entry for entry in scan(["sources"]).entries if entry.name == "tiny"]
    assert found == [Entry("sources", "tiny", "Tiny-Lines", "2.5", "tiny_lines:Lines")]


def test_only_the_groups_asked_for_are_found(site: Any) -> None:
    site.install("tiny", {"sources": {"tiny": "t:A"}, "hooks": {"tiny": "t"}, "frobs": {"t": "t"}})
    assert [e.kind for e in scan(["hooks"]).entries if e.distribution == "tiny"] == ["hooks"]


def test_metadata_that_lies_there_twice_counts_once(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("tiny-lines", {"sources": {"tiny": "new:A"}}, version="2.0")
    site.install("tiny_lines", {"sources": {"tiny": "old:A"}}, version="1.0", egg=True)
    other = tmp_path / "other"
    (other / "tiny_lines-0.9.dist-info").mkdir(parents=True)
    for file in (site.folder / "tiny_lines-2.0.dist-info").iterdir():
        (other / "tiny_lines-0.9.dist-info" / file.name).write_text(file.read_text())
    monkeypatch.setattr(sys, "path", [*sys.path, str(other)])
    assert len([e for e in scan(["sources"]).entries if e.name == "tiny"]) == 1


def test_the_copy_that_is_imported_decides_even_if_it_offers_nothing(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = type(site)(tmp_path / "old")
    old.install("tiny", {"sources": {"tiny": "old:A"}}, version="1.0")
    site.install("tiny", {}, version="2.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(old.folder)])
    assert not [entry for entry in scan(["sources"]).entries if entry.name == "tiny"]


def test_leftovers_of_an_interrupted_uninstall_are_passed_over(site: Any) -> None:
    site.install("tiny", {"sources": {"tiny": "t:A"}})
    ruin = site.folder / "gone-1.0.dist-info"
    ruin.mkdir()
    (ruin / "entry_points.txt").write_text("[dataflow.sources]\ngone = gone:A\n")
    names = {entry.name for entry in scan(["sources"]).entries}
    assert "tiny" in names
    assert "gone" not in names


@pytest.mark.parametrize("item", ["Tiny_Lines", "tiny", "tiny.lines:tiny", " , tiny ,"])
def test_the_switch_takes_a_distribution_a_name_or_both(
    site: Any, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    site.install("tiny-lines", {"sources": {"tiny": "t:A"}})
    monkeypatch.setenv("DATAFLOW_DISABLE_PLUGINS", item)
    found = scan(["sources"])
    assert "tiny" not in {entry.name for entry in found.entries}
    assert [entry.name for entry in found.disabled] == ["tiny"]


@pytest.mark.parametrize("item", ["", "tin", "other:tiny", "tiny-lines:other", ":"])
def test_the_switch_leaves_the_others_alone(
    site: Any, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    site.install("tiny-lines", {"sources": {"tiny": "t:A"}})
    monkeypatch.setenv("DATAFLOW_DISABLE_PLUGINS", item)
    assert "tiny" in {entry.name for entry in scan(["sources"]).entries}


_words = st.text("abc", min_size=1, max_size=3)


@given(distribution=_words, name=_words, others=st.lists(_words))
def test_a_pair_blocks_exactly_itself(distribution: str, name: str, others: list[str]) -> None:
    switch = DisableSwitch(f"{distribution}:{name}")
    for other in others:
        for entry in (Entry("sources", other, distribution, "1", "m"),
                      Entry("sources", name, other, "1", "m")):  # fmt: skip
            same = entry.name == name and same_distribution(entry.distribution, distribution)
            assert switch.blocks(entry) == same
