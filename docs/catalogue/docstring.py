"""The parts of a docstring in Google's style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"^(Args|Attributes|Raises|Example|Order|Draws belong).*")
_PARAMETERS = {"Args:", "Attributes:"}
_PARAMETER = re.compile(r"^    (\w+): (.*)$")


@dataclass(frozen=True)
class Doc:
    """What a docstring says.

    Attributes:
        summary: the first paragraph, as one line.
        details: the paragraphs after it, before examples and sections.
        parameters: what is said of each argument or attribute, as one line.
    """

    summary: str
    details: tuple[str, ...]
    parameters: dict[str, str]


def parse(documented: object) -> Doc:
    """Return the parts of an object's docstring.

    Raises:
        ValueError: it has none.
    """
    text = inspect.getdoc(documented)
    if not text:
        raise ValueError(f"{documented!r} has no docstring, and so nothing to say in the catalogue")
    summary, *rest = text.split("\n\n")
    return Doc(_one_line(summary), tuple(_details(rest)), dict(_parameters(text)))


def _details(paragraphs: list[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        if paragraph.startswith(">>>"):
            continue
        if _SECTION.match(paragraph):
            return
        yield _one_line(paragraph)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    name, words, inside = "", [""], False
    for line in [*text.splitlines(), "."]:
        found = _PARAMETER.match(line) if inside else None
        ended = bool(line) and not line.startswith(" ")
        if name and (found or ended):
            yield name, " ".join(words)
            name = ""
        if found:
            name, words = found[1], [found[2]]
        elif name and line.strip():
            words.append(line.strip())
        if ended:
            inside = line in _PARAMETERS


def _one_line(text: str) -> str:
    return " ".join(text.split())
