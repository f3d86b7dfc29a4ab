"""What the documentation shows works, pasted into one file from top to bottom of a page."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from pages import script_of, sessions_of

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("dataflow-*/*.md"),
    ]
)
WITH_CODE = [page for page in PAGES if script_of(page).strip()]
WITH_SESSIONS = [page for page in PAGES if sessions_of(page).strip()]
TIMEOUT_S = 120


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_on_the_page_runs(page: Path, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text(script_of(page), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{page} (lines are the page's):\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_sessions_on_the_page_answer_as_shown(page: Path) -> None:
    parsed = doctest.DocTestParser().get_doctest(sessions_of(page), {}, page.name, str(page), 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(parsed, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def broken_links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    targets = [part.split(")")[0].split("#")[0] for part in text.split("](")[1:]]
    local = [target for target in targets if target and "://" not in target]
    return [target for target in local if not (page.parent / target).exists()]


def by_number(text: str) -> dict[int, str]:
    return {number: line for number, line in enumerate(text.splitlines(), 1) if line}


class TestWhatRunsOfAPage:
    @pytest.fixture
    def page(self, tmp_path: Path) -> Path:
        path = tmp_path / "page.md"
        path.write_text(
            "Prose.\n"
            "```python\n"
            "one = 1\n"
            "```\n"
            "```console\n"
            "$ not python\n"
            "```\n"
            "<!-- run\n"
            "hidden = 2\n"
            "-->\n"
            "```python no-run\n"
            "left out\n"
            "```\n"
            "1. In a list:\n"
            "   ```python\n"
            "   if one:\n"
            "       three = 3\n"
            "   ```\n"
            "```python\n"
            ">>> 1 + 1\n"
            "2\n"
            "```\n"
            "[there](page.md), [gone](gone.md#part), [far](https://example.org/x)\n"
        )
        return path

    def test_keeps_programs_on_their_lines_and_nothing_else(self, page: Path) -> None:
        assert by_number(script_of(page)) == {
            3: "one = 1",
            9: "hidden = 2",
            16: "if one:",
            17: "    three = 3",
        }

    def test_keeps_sessions_apart(self, page: Path) -> None:
        assert by_number(sessions_of(page)) == {20: ">>> 1 + 1", 21: "2"}

    def test_a_link_to_a_page_that_is_not_there_is_found(self, page: Path) -> None:
        assert broken_links(page) == ["gone.md"]
