"""Say where an exception happened, without changing what it is."""

from __future__ import annotations


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, on Python 3.10 too (where tracebacks do not show it)."""
    if hasattr(error, "add_note"):
        error.add_note(note)
    else:
        error.__dict__.setdefault("__notes__", []).append(note)


def note_place(error: BaseException, stage: str, position: int) -> None:
    """Note the stage and the datapoint's position on an exception that has no such note yet."""
    if not any(note.startswith("in stage ") for note in getattr(error, "__notes__", ())):
        add_note(error, f"in stage {stage}, at the datapoint with position {position}")
