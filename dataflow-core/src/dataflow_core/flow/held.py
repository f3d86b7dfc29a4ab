"""What an object holds in its attributes."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

#: Of longer containers only the first item is looked at: they hold data, and looking takes time.
MANY = 1000


def held_by(holder: object, kind: type[T]) -> list[T]:
    """Return the objects of a kind among the attributes of `holder`, and in lists, tuples, dicts.

    >>> class Holder: pass
    >>> holder = Holder()
    >>> holder.one, holder.more, holder.text = 1, {"a": 2, "b": None}, "none"
    >>> held_by(holder, int)
    [1, 2]
    """
    found: list[T] = []
    for value in vars(holder).values():
        if isinstance(value, kind):
            found.append(value)
        elif isinstance(value, (list, tuple, dict)):
            items = value.values() if isinstance(value, dict) else value
            if len(value) <= MANY or isinstance(next(iter(items)), kind):
                found += [item for item in items if isinstance(item, kind)]
    return found
