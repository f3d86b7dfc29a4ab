"""The errors of a lookup, worded: what is wrong, who is involved, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow_core.discovery import DISABLE_VARIABLE, Entry
from dataflow_core.errors import AmbiguousPluginError, UnknownPluginError
from dataflow_core.registry.index import Index
from dataflow_core.registry.install_hints import install_hint
from dataflow_core.registry.kinds import KINDS


def unknown(name: str, kind: str | None, index: Index) -> UnknownPluginError:
    """Word the error for a name that nobody offers."""
    kinds = KINDS if kind is None else (kind,)
    near = index.near(name, kinds)
    what = "plugin" if kind is None else kind.removesuffix("s")
    lines = [f"there is no {what} {name!r}"]
    elsewhere = () if kind is None else index.candidates(name, KINDS)
    off = index.switched_off(name, kinds)
    hint = install_hint(name.rpartition(":")[2])
    if off:
        origins = ", ".join(sorted({entry.origin for entry in off}))
        lines.append(f"{DISABLE_VARIABLE} switches it off; it is offered by {origins}")
    elif elsewhere:
        there = ", ".join(dict.fromkeys(entry.kind for entry in elsewhere))
        lines.append(f"the name is one of the {there}: ask for that kind, or for none")
    elif hint is not None:
        lines.append(f"install it with: {hint}")
    if near:
        lines.append(f"near it: {', '.join(near)}")
    elif len(lines) == 1:
        lines.append("`dataflow plugins` lists what is installed")
    return UnknownPluginError("\n".join(lines), kind=kind, name=name, near=near)


def ambiguous(name: str, kind: str | None, entries: Sequence[Entry]) -> AmbiguousPluginError:
    """Word the error for a name that several entries bear, with the call that gets each."""
    bare = name.rpartition(":")[2]
    kinds = [entry.kind for entry in entries]
    several_kinds = len(set(kinds)) > 1
    lines = []
    for entry in entries:
        crowded = kinds.count(entry.kind) > 1
        asked = f"{entry.distribution}:{bare}" if crowded and entry.distribution else bare
        argument = f", kind={entry.kind!r}" if several_kinds else ""
        lines.append(f"    get({asked!r}{argument})  # {entry.origin}: {entry.value}")
    distributions = list(dict.fromkeys(entry.origin for entry in entries))
    who = (
        f"several kinds ({', '.join(dict.fromkeys(kinds))}) have"
        if several_kinds
        else f"several distributions ({', '.join(distributions)}) offer"
    )
    return AmbiguousPluginError(
        f"{who} the name {name!r}; ask for one of:\n" + "\n".join(lines),
        kind=kind,
        name=name,
        distributions=list(dict.fromkeys(entry.distribution for entry in entries)),
    )


def taken(entry: Entry, by: Sequence[Entry]) -> AmbiguousPluginError:
    """Word the error for registering a name that is somebody's already."""
    owners = ", ".join(f"{other.origin} ({other.value})" for other in by)
    remedy = (
        f"switch the other off with {DISABLE_VARIABLE}={entry.name}"
        if any(other.distribution for other in by)
        else f"unregister({entry.kind!r}, {entry.name!r}) first"
    )
    return AmbiguousPluginError(
        f"{entry.kind} {entry.name!r} is taken by {owners}; use another name, or {remedy}",
        kind=entry.kind,
        name=entry.name,
        distributions=[other.distribution for other in by],
    )
