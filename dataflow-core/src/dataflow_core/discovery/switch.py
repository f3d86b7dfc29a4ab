"""The user's switch: `DATAFLOW_DISABLE_PLUGINS`."""

from __future__ import annotations

import os
import re

from dataflow_core.discovery.entry import Entry

DISABLE_VARIABLE = "DATAFLOW_DISABLE_PLUGINS"


def canonical(distribution: str) -> str:
    """Spell a distribution's name the one way in which all spellings of it are equal.

    Example:
        >>> canonical("DataFlow_LMDB")
        'dataflow-lmdb'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


def same_distribution(one: str, other: str) -> bool:
    """Tell whether two spellings name one distribution.

    Example:
        >>> same_distribution("dataflow_lmdb", "DataFlow-LMDB")
        True
    """
    return canonical(one) == canonical(other)


class DisableSwitch:
    """What the user has switched off, as a comma-separated list.

    Each item is a distribution ("dataflow-lmdb": all its names and hooks), a name ("lmdb": of
    whatever kind and distribution), or both ("dataflow-lmdb:lmdb": this name of this distribution).

    Example:
        >>> switch = DisableSwitch("dataflow_lmdb, csv:lines")
        >>> switch.blocks(Entry("sources", "lmdb", "dataflow-lmdb", "1.0", "dataflow_lmdb:X"))
        True
        >>> switch.blocks(Entry("sources", "lines", "other", "1.0", "other:Lines"))
        False
    """

    def __init__(self, text: str) -> None:
        items = [item.strip() for item in text.split(",")]
        self._distributions = {canonical(item) for item in items if item}
        self._names = {item for item in items if item and ":" not in item}
        self._pairs = {
            (canonical(distribution.strip()), name.strip())
            for distribution, colon, name in (item.partition(":") for item in items)
            if colon
        }

    @classmethod
    def from_environment(cls) -> DisableSwitch:
        """Read the switch from `DATAFLOW_DISABLE_PLUGINS`."""
        return cls(os.environ.get(DISABLE_VARIABLE, ""))

    def blocks(self, entry: Entry) -> bool:
        """Tell whether the user has switched this entry off."""
        distribution = canonical(entry.distribution)
        return (
            distribution in self._distributions
            or entry.name in self._names
            or (distribution, entry.name) in self._pairs
        )
