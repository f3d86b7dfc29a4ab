"""A name that the running program gave to one of its own things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dataflow_core.discovery import Entry


@dataclass(frozen=True)
class Registered(Entry):
    """An entry that no distribution offers; its distribution and version are empty.

    Attributes:
        target: the thing itself.
    """

    target: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, kind: str, name: str, target: Any) -> Registered:
        """Describe `target` as if it came from an entry point."""
        module = getattr(target, "__module__", None) or type(target).__module__
        path = getattr(target, "__qualname__", None) or type(target).__qualname__
        return cls(kind, name, "", "", f"{module}:{path}", target)

    @property
    def origin(self) -> str:
        """Who registered it, as text for people."""
        return "this program"

    def load(self) -> Any:
        """Return the thing itself."""
        return self.target

    def is_again(self, other: Registered) -> bool:
        """Tell whether the two are one thing, or one definition that ran twice.

        A notebook's cell that is run again makes a new class of the same name; two lambdas share
        a name without being the same.
        """
        return self.target is other.target or (self.value == other.value and "<" not in self.value)
