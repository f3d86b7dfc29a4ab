"""`Registry`: from names to things."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from dataflow_core.discovery import Entry, Scan, scan
from dataflow_core.registry import refusals
from dataflow_core.registry.index import Index
from dataflow_core.registry.kinds import KINDS, canonical_kind
from dataflow_core.registry.registered import Registered
from dataflow_core.registry.views import KindView

T = TypeVar("T")


def _scan_kinds() -> Scan:
    return scan(KINDS)


class Registry:
    """Finds things by name, and imports one only when it is asked for.

    Installed distributions offer names by entry points of the groups `dataflow.<kind>`; a program
    adds its own with `register`. Metadata is read at the first question and then kept, until
    `refresh`. Names that a program registers exist in its own process only. Threads may share one.

    A kind may be given in the plural or in the singular.

    Args:
        discover: finds what is installed; by default it looks at the metadata on `sys.path`.

    Example:
        >>> registry = Registry()
        >>> @registry.register("source", "countdown")
        ... def countdown():
        ...     return [3, 2, 1]
        >>> registry.get("countdown")()
        [3, 2, 1]
        >>> "countdown" in registry.sources, "countdown" in registry.operators
        (True, False)
    """

    def __init__(self, discover: Callable[[], Scan] = _scan_kinds) -> None:
        self._discover = discover
        # Held while metadata is read and tables are swapped, never during an import: an import
        # takes locks of its own, and a plugin may ask the registry while it is being imported.
        self._lock = threading.RLock()
        self._found: Scan | None = None
        self._index: Index | None = None
        self._own: dict[tuple[str, str], Registered] = {}
        self._loaded: dict[tuple[str | None, str], Any] = {}
        self._views = {kind: KindView(self, kind) for kind in KINDS}

    def get(self, name: str, kind: str | None = None) -> Any:
        """Return what bears `name`, importing it at the first time.

        A name that loaded is a dict lookup from then on. A failure is not remembered.

        Args:
            name: "lmdb", or "dataflow-lmdb:lmdb" to ask one distribution.
            kind: needed if things of several kinds bear the name.

        Raises:
            UnknownPluginError: nobody offers the name; says what is near and what to install.
            AmbiguousPluginError: several kinds or several distributions have it.
            BrokenPluginError: it cannot be imported; the import's error is the `__cause__`.
            ValueError: there is no such kind.
        """
        # Taken before looking up: if somebody registers meanwhile, the answer, which may be
        # ambiguous by then, goes into a table that nobody reads any more.
        loaded = self._loaded
        try:
            return loaded[kind, name]
        except KeyError:
            pass
        target = loaded[kind, name] = self._resolve(name, kind).load()
        return target

    @overload
    def register(self, kind: str, name: str, target: T) -> T: ...
    @overload
    def register(self, kind: str, name: str) -> Callable[[T], T]: ...

    def register(self, kind: str, name: str, target: Any = None) -> Any:
        """Give a name to something of the program's own; without `target`, a decorator.

        Registering the same thing again is fine, and so is running its definition again, as
        notebooks do: the newest counts.

        Returns:
            The target, unchanged.

        Raises:
            AmbiguousPluginError: the name is taken, by a distribution or by another thing.
            ValueError: there is no such kind, or the name is empty or holds a colon or a space.
        """
        kind = canonical_kind(kind)
        if not name or ":" in name or name.split() != [name]:
            raise ValueError(f"{name!r} is no name: it needs characters other than ':' and spaces")
        if target is None:
            return lambda decorated: self.register(kind, name, decorated)
        entry = Registered.of(kind, name, target)
        with self._lock:
            others = [
                other
                for other in self.table(kind).get(name, ())
                if not (isinstance(other, Registered) and entry.is_again(other))
            ]
            if others:
                raise refusals.taken(entry, by=others)
            self._own[kind, name] = entry
            self._forget_answers()
        return target

    def unregister(self, kind: str, name: str) -> None:
        """Take back a name that this program registered.

        Raises:
            LookupError: this program has not registered it.
        """
        kind = canonical_kind(kind)
        with self._lock:
            if self._own.pop((kind, name), None) is None:
                raise LookupError(f"this program has registered no {kind} {name!r}")
            self._forget_answers()

    def names(self, kind: str) -> list[str]:
        """Return the names of one kind, sorted. Imports nothing."""
        return sorted(self.table(kind))

    def near(self, name: str, kind: str | None = None) -> list[str]:
        """Return up to three names that look like `name`, the likeliest first."""
        return self._current().near(name, KINDS if kind is None else (canonical_kind(kind),))

    def entries(self) -> tuple[Entry, ...]:
        """Return everything there is, by kind, name and distribution. Imports nothing.

        A name that several distributions claim is there several times. What
        `DATAFLOW_DISABLE_PLUGINS` switches off is not there.
        """
        return self._current().entries

    def refresh(self) -> None:
        """Read the metadata again at the next question: for a plugin installed meanwhile."""
        with self._lock:
            self._found = None
            self._forget_answers()

    def table(self, kind: str) -> Mapping[str, Sequence[Entry]]:
        """Return the entries of one kind by name. Imports nothing."""
        return self._current().tables[canonical_kind(kind)]

    @property
    def sources(self) -> Mapping[str, Any]:
        """DataFlows without an upstream, by name."""
        return self._views["sources"]

    @property
    def operators(self) -> Mapping[str, Any]:
        """DataFlows over other DataFlows, by name, which is also their method on every flow."""
        return self._views["operators"]

    @property
    def augmentors(self) -> Mapping[str, Any]:
        """Makers of image transforms, by name."""
        return self._views["augmentors"]

    @property
    def backends(self) -> Mapping[str, Any]:
        """What runs the workers' part of a pipeline, by name."""
        return self._views["backends"]

    @property
    def serializers(self) -> Mapping[str, Any]:
        """What writes a flow to storage and reads it back, by name."""
        return self._views["serializers"]

    @property
    def commands(self) -> Mapping[str, Any]:
        """Subcommands of `dataflow`, by name."""
        return self._views["commands"]

    def _current(self) -> Index:
        index = self._index
        return self._make_index() if index is None else index

    def _make_index(self) -> Index:
        with self._lock:
            if self._found is None:
                self._found = self._discover()
            if self._index is None:
                everything = [*self._found.entries, *self._own.values()]
                self._index = Index(everything, self._found.disabled)
            return self._index

    def _forget_answers(self) -> None:
        # In this order: who gets the new table of answers must not find the old index.
        self._index = None
        self._loaded = {}

    def _resolve(self, name: str, kind: str | None) -> Entry:
        if not isinstance(name, str):
            raise TypeError(f"names are str, got {name!r}")
        kind = None if kind is None else canonical_kind(kind)
        index = self._current()
        candidates = index.candidates(name, KINDS if kind is None else (kind,))
        match candidates:
            case []:
                raise refusals.unknown(name, kind, index)
            case [entry]:
                return entry
            case _:
                raise refusals.ambiguous(name, kind, candidates)
