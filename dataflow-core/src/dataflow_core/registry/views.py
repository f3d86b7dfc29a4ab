"""One kind of the registry as a read-only mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow_core.errors import UnknownPluginError

if TYPE_CHECKING:
    from dataflow_core.registry.lookup import Registry


class KindView(Mapping[str, Any]):
    """The names of one kind; `view[name]` imports what bears the name.

    Iterating, `in` and `len` read metadata only. `values()` and `items()` import everything and so
    raise at the first plugin that is broken. A name that several distributions claim is listed.
    The view is live: what is registered later appears in it.
    """

    def __init__(self, registry: Registry, kind: str) -> None:
        self._registry = registry
        self._kind = kind

    def __getitem__(self, name: str) -> Any:
        try:
            return self._registry.get(name, self._kind)
        except UnknownPluginError as error:
            raise KeyError(name) from error

    def __contains__(self, name: object) -> bool:
        return name in self._registry.table(self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry.names(self._kind))

    def __len__(self) -> int:
        return len(self._registry.table(self._kind))

    def __repr__(self) -> str:
        return f"<{self._kind}: {', '.join(self) or 'none installed'}>"
