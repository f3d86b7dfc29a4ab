"""The code on a page of Markdown, as a script that a reader would put together from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^( *)```(.*)$")
_HIDDEN_START = "<!-- run"
_HIDDEN_END = "-->"


def script_of(page: Path) -> str:
    """Return all Python of `page`, each line where it stands on the page.

    Prose becomes empty lines, so that a traceback's line numbers are the page's. A block fenced as
    `python` runs, one fenced as `python no-run` does not; the lines between `<!-- run` and `-->`
    run without being shown, to make files that a block reads, say.
    """
    return "\n".join(_lines(page.read_text(encoding="utf-8").splitlines())) + "\n"


def _lines(lines: list[str]) -> Iterator[str]:
    inside: str | None = None  # the indentation of the block that this line is in
    runs = False
    for line in lines:
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside = fence[1]
            runs = fence[2].strip() == "python"
            yield ""
        elif inside is None and line.startswith(_HIDDEN_START):
            inside, runs = "", True
            yield ""
        elif inside is not None and (fence or line.strip() == _HIDDEN_END):
            inside = None
            yield ""
        else:
            yield line.removeprefix(inside) if inside is not None and runs else ""
