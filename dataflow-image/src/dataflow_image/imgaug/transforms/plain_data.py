"""What can be written down as JSON, and be made again from it.

A class takes part by being a dataclass that derives from `PlainData`. Its fields hold numbers,
texts, None, tuples of these, and other plain data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PlainData"]

_PACKAGE = "dataflow_image."
_TYPE = "type"


class PlainData:
    """A dataclass whose fields JSON can hold."""

    _known: ClassVar[dict[str, type[PlainData]]] = {}

    def __init_subclass__(cls) -> None:
        """Note the class, for `from_dict` to find: only what is imported can be made."""
        super().__init_subclass__()
        PlainData._known[_name_of(cls)] = cls

    def to_dict(self) -> dict[str, Any]:
        """Return the object as what JSON can hold; `from_dict` makes an equal one of it.

        Raises:
            TypeError: a field holds something else, such as a function.
        """
        return {_TYPE: _name_of(type(self)), **_fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object that `to_dict` wrote down, of this class or of one derived from it.

        No module is imported for it: a class of one's own must be imported before.

        Raises:
            TypeError: what is written down is of another class.
            ValueError: the class is unknown, or its fields are others.
        """
        made = _from_plain(data)
        if not isinstance(made, cls):
            raise TypeError(f"{data!r:.200} is no {cls.__name__}")
        return made


def _name_of(kind: type) -> str:
    """Return the name of a class of this package, or MODULE:NAME of another one."""
    inside = kind.__module__.startswith(_PACKAGE)
    return kind.__qualname__ if inside else f"{kind.__module__}:{kind.__qualname__}"


def _fields(owner: PlainData) -> dict[str, Any]:
    if not dataclasses.is_dataclass(owner):
        raise TypeError(f"{owner!r} is no dataclass, so nobody knows what to write down")
    return {
        field.name: _to_plain(getattr(owner, field.name), owner, field.name)
        for field in dataclasses.fields(owner)
    }


def _to_plain(value: object, owner: PlainData, field: str) -> Any:
    match value:
        case PlainData():
            return value.to_dict()
        case None | bool() | int() | float() | str():
            return value
        case np.bool_() | np.integer() | np.floating():
            return value.item()
        case tuple():
            return [_to_plain(member, owner, field) for member in value]
    raise TypeError(
        f"{owner!r} cannot be written down: its {field} is {value!r:.100}, and JSON holds numbers, "
        "texts and sequences of them"
    )


def _from_plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_from_plain(member) for member in value)
    if not isinstance(value, Mapping):
        return value
    fields = {name: _from_plain(member) for name, member in value.items() if name != _TYPE}
    name = value.get(_TYPE)
    kind = PlainData._known.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(
            f"no transform is named {name!r}; one of your own is known once its module is imported"
        )
    try:
        return kind(**fields)
    except TypeError as error:
        raise ValueError(f"{name} cannot be made of {sorted(fields)}: {error}") from error
