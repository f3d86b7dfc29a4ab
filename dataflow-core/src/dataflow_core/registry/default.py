"""The registry that every flow uses."""

from __future__ import annotations

from dataflow_core.registry.lookup import Registry


class _TheRegistry(Registry):
    """Travels to a worker as a reference: a user's function may well mention it."""

    def __reduce__(self) -> str:
        return "registry"


registry = _TheRegistry()
"""The program's registry. It reads no metadata before it is first asked for something."""
