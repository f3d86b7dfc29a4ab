"""One name that a distribution offers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Any

from dataflow_core.errors import BrokenPluginError


@dataclass(frozen=True)
class Entry:
    """One named thing, as its distribution's metadata declares it.

    Attributes:
        kind: the entry point group without `dataflow.`, such as "sources" or "hooks".
        name: the name users ask for.
        distribution: the distribution that offers it, as it spells itself.
        version: that distribution's version.
        value: where the thing is, "module:object" or "module".

    Example:
        >>> entry = Entry("sources", "lines", "dataflow-csv", "1.0", "csv:reader")
        >>> entry.origin
        'dataflow-csv 1.0'
        >>> entry.load().__name__
        'reader'
    """

    kind: str
    name: str
    distribution: str
    version: str
    value: str

    @property
    def origin(self) -> str:
        """The distribution and its version, as text for people."""
        return f"{self.distribution} {self.version}".rstrip()

    def load(self) -> Any:
        """Import the thing and return it.

        Nothing is remembered here: after a failure the next call tries again, so that a repaired
        plugin works without a new interpreter.

        Raises:
            BrokenPluginError: the import failed, in whatever way; its error is the `__cause__`.
        """
        # "module:object [extra]" is old but still legal; what extras meant is pip's business.
        module, _, path = self.value.partition("[")[0].strip().partition(":")
        try:
            target = import_module(module)
            return reduce(getattr, path.split("."), target) if path else target
        # An import runs a stranger's code, which may fail in any way, sys.exit() included.
        except (Exception, SystemExit) as error:
            raise BrokenPluginError(
                f"{self.kind} {self.name!r} cannot be loaded: {self.origin} says it is "
                f"{self.value!r}, and importing that raised {type(error).__name__}: {error}\n"
                f"Repair or upgrade {self.distribution}, or uninstall it.",
                distribution=self.distribution,
            ) from error
