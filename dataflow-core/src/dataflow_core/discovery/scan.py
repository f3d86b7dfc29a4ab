"""Reads the metadata of everything installed, and imports none of it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataflow_core.discovery.entry import Entry
from dataflow_core.discovery.switch import DisableSwitch, canonical
from dataflow_core.errors import BrokenPluginWarning

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_PREFIX = "dataflow."


@dataclass(frozen=True)
class Scan:
    """What one look at the installed distributions found.

    Attributes:
        entries: what may be used. One distribution is there once, however often its metadata lies
            on `sys.path`; several distributions may still offer one name.
        disabled: what `DATAFLOW_DISABLE_PLUGINS` has switched off.
    """

    entries: tuple[Entry, ...] = ()
    disabled: tuple[Entry, ...] = ()


def scan(kinds: Collection[str]) -> Scan:
    """Find all entry points of the groups `dataflow.<kind>` on `sys.path`.

    Reads metadata files only. Takes milliseconds, so callers keep what it returns.

    Args:
        kinds: groups without their prefix, such as "sources".
    """
    switch = DisableSwitch.from_environment()
    found = [
        entry
        for distribution in _distributions_with_plugins()
        for entry in _entries_of(distribution)
        if entry.kind in kinds
    ]
    return Scan(
        entries=tuple(entry for entry in found if not switch.blocks(entry)),
        disabled=tuple(entry for entry in found if switch.blocks(entry)),
    )


def _distributions_with_plugins() -> Iterator[Distribution]:
    # Here, because importing it takes a third of the time that numpy takes.
    from importlib.metadata import PackageNotFoundError, distribution, distributions

    seen: set[str] = set()
    for candidate in distributions():
        if _PREFIX not in (candidate.read_text("entry_points.txt") or ""):
            continue
        name = _name_of(candidate)
        if name is None or canonical(name) in seen:
            continue
        seen.add(canonical(name))
        # An editable install and a stale egg-info can both lie on sys.path: the first one counts,
        # as it does for imports, and perhaps that one offers no plugins any more.
        try:
            yield distribution(name)
        except PackageNotFoundError:  # the metadata's folder is not called as the metadata says
            yield candidate


def _name_of(distribution: Distribution) -> str | None:
    # A folder left by an interrupted uninstall may lack its METADATA, and what then happens
    # differs from one Python to the next.
    try:
        metadata = distribution.metadata
    except (AttributeError, OSError, TypeError):
        return None
    if "Name" not in metadata:
        return None
    return metadata["Name"]


def _entries_of(distribution: Distribution) -> Iterator[Entry]:
    try:
        points = distribution.entry_points
    except ValueError as error:  # newer readers refuse a whole file for one malformed line
        warnings.warn(
            BrokenPluginWarning(
                f"the entry points of {distribution.name} {distribution.version} cannot be read "
                f"({error}); its plugins are left out. Repair, upgrade or uninstall it.",
                distribution=distribution.name,
            ),
            stacklevel=2,
        )
        return
    for point in points:
        if point.group.startswith(_PREFIX):
            yield Entry(
                kind=point.group[len(_PREFIX) :],
                name=point.name,
                distribution=distribution.name,
                version=distribution.version,
                value=point.value,
            )
