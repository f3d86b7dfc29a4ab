"""Write the page and the pictures, or tell which of them are out of date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from catalogue.entries import Entry, entries
from catalogue.page import page
from catalogue.pictures import can_run, drawn_entry
from catalogue.strip import are_alike, decoded, encoded

__all__ = ["build", "stale"]

_PAGE = "augmentors.md"
_PICTURES = "pictures"


def build(docs: Path) -> list[Path]:
    """Bring the catalogue in the folder `docs` up to date.

    Pictures that show what they should are left as they are, since encoders differ.

    Returns:
        the files that were written or removed.

    Raises:
        ModuleNotFoundError: a new picture needs a package that is not installed.
    """
    changed = list(stale(docs))
    (docs / _PICTURES).mkdir(exist_ok=True)
    pictures = {docs / _PICTURES / entry.picture: entry for entry in entries()}
    for file in changed:
        if file == docs / _PAGE:
            file.write_text(page(), encoding="utf-8")
        elif file in pictures:
            _require(pictures[file])
            file.write_bytes(encoded(drawn_entry(pictures[file])))
        else:
            file.unlink()
    return changed


def stale(docs: Path) -> Iterator[Path]:
    """Yield the files of the catalogue that are missing, out of date, or of nothing any more."""
    file = docs / _PAGE
    if not file.is_file() or file.read_text(encoding="utf-8") != page():
        yield file
    expected = {docs / _PICTURES / entry.picture: entry for entry in entries()}
    for file, entry in expected.items():
        if not file.is_file() or (
            can_run(entry.sample) and not are_alike(decoded(file.read_bytes()), drawn_entry(entry))
        ):
            yield file
    yield from sorted(set((docs / _PICTURES).glob("*")) - set(expected))


def _require(entry: Entry) -> None:
    needed = entry.sample.needs
    if needed and not can_run(entry.sample):
        raise ModuleNotFoundError(
            f"the picture of {entry.name} needs {needed}: pip install {needed}", name=needed
        )
