"""The code on a page of Markdown, as a reader would put it together from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^( *)```(.*)$")
_HIDDEN_START = "<!-- run"
_HIDDEN_END = "-->"
_PROMPT = ">>> "


@dataclass(frozen=True)
class Block:
    """One piece of Python.

    Attributes:
        line: the number of its first line on the page, from 1.
        lines: its lines, without the block's own indentation.
    """

    line: int
    lines: tuple[str, ...]

    @property
    def is_session(self) -> bool:
        """Whether it shows prompts and answers rather than a program."""
        return bool(self.lines) and self.lines[0].startswith(_PROMPT)


def script_of(page: Path) -> str:
    """Return all programs of `page` as one, each line where it stands on the page."""
    return _in_place(page, lambda block: not block.is_session)


def sessions_of(page: Path) -> str:
    """Return all sessions of `page` as one, each line where it stands on the page."""
    return _in_place(page, lambda block: block.is_session)


def _in_place(page: Path, wanted: Callable[[Block], bool]) -> str:
    # Prose becomes empty lines, so that the line numbers of a traceback are the page's.
    source = page.read_text(encoding="utf-8").splitlines()
    kept = [""] * len(source)
    for block in filter(wanted, blocks(source)):
        kept[block.line - 1 : block.line - 1 + len(block.lines)] = block.lines
    return "\n".join(kept) + "\n"


def blocks(source: list[str]) -> Iterator[Block]:
    """Yield what runs.

    That is what is fenced as `python`, not what is fenced as `python no-run`; and the lines between
    `<!-- run` and `-->`, which are not shown, to make files that a block reads, say.
    """
    start, indentation = 0, ""
    inside = runs = False
    for number, line in enumerate(source, 1):
        fence = _FENCE.match(line)
        if not inside and (fence or line.startswith(_HIDDEN_START)):
            inside, start = True, number + 1
            indentation = fence[1] if fence else ""
            runs = fence is None or fence[2].strip() == "python"
        elif inside and (fence or line.strip() == _HIDDEN_END):
            inside = False
            if runs:
                lines = source[start - 1 : number - 1]
                yield Block(start, tuple(text.removeprefix(indentation) for text in lines))
