"""Describe values in reprs that are the same in every process."""

from __future__ import annotations

__all__ = ["describe"]


def describe(value: object) -> str:
    """Return the qualified name of a function or class, the repr of anything else.

    A function's own repr holds its address, and pipelines are compared by their reprs.

    >>> describe(len), describe(3)
    ('len', '3')
    """
    name = getattr(value, "__qualname__", None)
    return name if callable(value) and isinstance(name, str) else repr(value)
