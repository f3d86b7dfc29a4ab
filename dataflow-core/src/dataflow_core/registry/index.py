"""The names there are at one moment, arranged for looking up. Reads nothing, imports nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dataflow_core.discovery import Entry, same_distribution
from dataflow_core.registry.kinds import KINDS


class Index:
    """Entries by kind and name; never changed once made.

    Args:
        entries: all that may be used, of any number of distributions.
        disabled: what the user has switched off; only errors speak of it.
    """

    def __init__(self, entries: Iterable[Entry], disabled: Iterable[Entry] = ()) -> None:
        self.entries: tuple[Entry, ...] = tuple(sorted(entries, key=_order))
        self.disabled: tuple[Entry, ...] = tuple(sorted(disabled, key=_order))
        tables: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
        for entry in self.entries:
            tables[entry.kind].setdefault(entry.name, []).append(entry)
        self.tables: Mapping[str, Mapping[str, Sequence[Entry]]] = tables

    def candidates(self, name: str, kinds: Sequence[str]) -> list[Entry]:
        """Return every entry that `name` may mean; "distribution:name" asks one distribution."""
        distribution, _, bare = name.rpartition(":")
        return [
            entry
            for kind in kinds
            for entry in self.tables[kind].get(bare, ())
            if not distribution or same_distribution(entry.distribution, distribution)
        ]

    def switched_off(self, name: str, kinds: Sequence[str]) -> list[Entry]:
        """Return what `name` would have meant if the user had not switched it off."""
        return Index(self.disabled).candidates(name, kinds)

    def near(self, name: str, kinds: Sequence[str]) -> list[str]:
        """Return up to three names that look alike, the likeliest first.

        The name of the object itself counts as near, because that is what people remember:
        "LMDBData" is near "lmdb".
        """
        import difflib  # only errors need it

        bare = name.rpartition(":")[2]
        named = [entry for entry in self.entries if entry.kind in kinds]
        exact = [e.name for e in named if e.value.rpartition(":")[2].lower() == bare.lower()]
        alike = difflib.get_close_matches(bare.lower(), sorted({e.name for e in named}), n=3)
        return list(dict.fromkeys(exact + alike))[:3]


def _order(entry: Entry) -> tuple[int, str, str]:
    return KINDS.index(entry.kind), entry.name, entry.distribution
