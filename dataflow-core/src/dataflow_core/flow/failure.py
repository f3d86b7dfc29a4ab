"""Say where an exception happened, without changing what it is."""

from __future__ import annotations

import sys

#: Whether tracebacks show notes.
SHOWN = sys.version_info >= (3, 11)


class Notes(Exception):  # noqa: N818  it stands in a traceback, where nothing else can
    """Notes of the exception that it is said to be the cause of."""


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, also to one that is frozen."""
    error.__dict__.setdefault("__notes__", []).append(note)


def notes_of(error: BaseException) -> list[str]:
    """Return the notes of an exception."""
    return [*map(str, getattr(error, "__notes__", ()))]


def note_place(error: BaseException, stage: str, position: int) -> None:
    """Note the stage and the datapoint's position on an exception that has no such note yet."""
    if not any(note.startswith("in stage ") for note in notes_of(error)):
        add_note(error, f"in stage {stage}, at the datapoint with position {position}")


def hidden_notes(error: BaseException) -> Notes | None:
    """Return what is to be the cause of an exception for its notes to be seen, if anything is.

    That is on Python 3.10, and unless it has a cause already.
    """
    notes = notes_of(error)
    if SHOWN or not notes or error.__cause__ is not None:
        return None
    return Notes("\n".join(notes))
