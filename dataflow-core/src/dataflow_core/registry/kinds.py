"""The kinds of things that have names."""

from __future__ import annotations

KINDS = ("sources", "operators", "augmentors", "backends", "serializers", "commands")
"""Each kind is the entry point group `dataflow.<kind>`."""

_SPELLINGS = {spelling: kind for kind in KINDS for spelling in (kind, kind.removesuffix("s"))}


def canonical_kind(kind: str) -> str:
    """Return the plural, which is the kind's own spelling.

    Raises:
        ValueError: there is no such kind; the message lists those there are.

    Example:
        >>> canonical_kind("source")
        'sources'
    """
    try:
        return _SPELLINGS[kind]
    except KeyError:
        raise ValueError(f"{kind!r} is no kind; the kinds are {', '.join(KINDS)}") from None
