"""Who listens to which hook: pluggy's manager, filled at the first event."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from dataflow_core.discovery import Entry, Scan, scan
from dataflow_core.errors import BrokenPluginError, BrokenPluginWarning, PluginError

if TYPE_CHECKING:
    from pluggy import PluginManager

Caller: TypeAlias = Callable[..., Any]


def _scan_hooks() -> Scan:
    return scan(["hooks"])


class Listeners:
    """Loads installed plugins when the first hook is fired, and finds each hook's listeners.

    A plugin that cannot be imported, or whose hooks cannot be called, is left out with one
    `BrokenPluginWarning`; the others are not touched by it. Threads may share one.

    Args:
        discover: finds what is installed; by default it looks at the metadata on `sys.path`.
    """

    def __init__(self, discover: Callable[[], Scan] = _scan_hooks) -> None:
        self._discover = discover
        # Held while pluggy's tables change, never while a plugin is imported: an import takes
        # locks of its own, and what is imported may itself iterate a flow.
        self._lock = threading.RLock()
        self._loading = threading.local()
        self._manager: PluginManager | None = None
        self._callers: Mapping[str, Caller] | None = None

    def caller(self, hook: str) -> Caller | None:
        """Return what calls all listeners of `hook` by keyword, or None if nobody listens."""
        callers = self._callers
        if callers is None:
            callers = self._load()
        return callers.get(hook)

    def entries(self) -> tuple[Entry, ...]:
        """Return what is installed and not switched off. Imports nothing."""
        return self._discover().entries

    def register(self, plugin: object) -> None:
        """Add a plugin of the program's own, to be asked before those that are there.

        Raises:
            PluginError: it implements a hook that there is not, or with the wrong arguments.
        """
        self._load()  # installed plugins come first, so that the program's opinion beats theirs
        with self._lock:
            self._add(plugin)
            if self._callers is not None:  # else an installed plugin does this while it is loaded
                self._publish()

    def unregister(self, plugin: object) -> None:
        """Remove a plugin.

        Raises:
            PluginError: it is not registered.
        """
        with self._lock:
            if self._manager is None or not self._manager.is_registered(plugin):
                raise PluginError(f"{plugin!r} is not registered, so it cannot be unregistered")
            self._manager.unregister(plugin)
            self._publish()

    def _load(self) -> Mapping[str, Caller]:
        """Load installed plugins, unless that is done, and return the callers."""
        if self._callers is not None:
            return self._callers
        if getattr(self._loading, "now", False):
            return {}  # a plugin's own import has led here: nobody listens yet
        self._loading.now = True
        try:
            loaded, complaints = _import_all(self._discover().entries)
        finally:
            self._loading.now = False
        with self._lock:
            if self._callers is not None:  # another thread was faster, and has complained
                return self._callers
            for entry, plugin in loaded:
                try:
                    self._add(plugin, f"{entry.distribution}:{entry.name}")
                except PluginError as error:
                    complaints.append(_complaint(entry, error))
            callers = self._publish()
        # Last, because a warning may be turned into an exception, which must not leave this undone.
        for complaint in complaints:
            warnings.warn(complaint, stacklevel=4)
        return callers

    def _add(self, plugin: object, name: str | None = None) -> None:
        import pluggy

        manager = self._open_manager()
        if manager.is_registered(plugin):
            return
        try:
            manager.register(plugin, name)
            _check_hooks(manager, plugin)
        except (pluggy.PluginValidationError, PluginError, ValueError) as error:
            # Before 1.7 pluggy leaves in what it had added until it noticed.
            if manager.is_registered(plugin):
                manager.unregister(plugin)
            raise PluginError(str(error)) from error

    def _open_manager(self) -> PluginManager:
        if self._manager is None:
            # Here, because pluggy costs a quarter of what numpy costs to import.
            import pluggy

            from dataflow_core.hooks import spec

            self._manager = pluggy.PluginManager("dataflow")
            self._manager.add_hookspecs(spec)
        return self._manager

    def _publish(self) -> Mapping[str, Caller]:
        """Make the table of those hooks that anybody listens to."""
        hooks = {} if self._manager is None else vars(self._manager.hook)
        callers = {name: caller for name, caller in hooks.items() if caller.get_hookimpls()}
        self._callers = callers
        return callers


def _import_all(
    entries: Iterable[Entry],
) -> tuple[list[tuple[Entry, object]], list[BrokenPluginWarning]]:
    loaded: list[tuple[Entry, object]] = []
    complaints: list[BrokenPluginWarning] = []
    for entry in entries:
        try:
            loaded.append((entry, entry.load()))
        except BrokenPluginError as error:
            complaints.append(_complaint(entry, error))
    return loaded, complaints


def _complaint(entry: Entry, error: PluginError) -> BrokenPluginWarning:
    return BrokenPluginWarning(
        f"the hooks of {entry.origin} are left out: {error}\n"
        f"DATAFLOW_DISABLE_PLUGINS={entry.distribution} silences this.",
        distribution=entry.distribution,
    )


def _check_hooks(manager: PluginManager, plugin: object) -> None:
    """Raise PluginError if a plugin hears of nothing, or of what never happens."""
    known = [name for name, caller in vars(manager.hook).items() if caller.has_spec()]
    callers = manager.get_hookcallers(plugin)
    if not callers:
        raise PluginError(f"{plugin!r} implements no hook; mark its functions with hookimpl")
    for caller in callers:
        optional = all(
            impl.optionalhook for impl in caller.get_hookimpls() if impl.plugin is plugin
        )
        if not caller.has_spec() and not optional:
            import difflib  # only errors need it

            near = difflib.get_close_matches(caller.name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise PluginError(f"{plugin!r} implements {caller.name}, which is no hook; {hint}")
