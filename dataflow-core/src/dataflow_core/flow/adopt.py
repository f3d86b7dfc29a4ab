"""How a class's own way to iterate becomes the way its flows run.

A user writes a generator under one of two names; a stage of ours writes `_open` or `_chain`. Either
way the class gets both public methods: called from outside they begin an epoch, called from within
the generator of a subclass, by `super()`, they only go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from dataflow_core.flow.chain import Chain
from dataflow_core.flow.datapoint import Datapoint
from dataflow_core.flow.opaque import OpaqueRun, Written
from dataflow_core.flow.run import Place, Run, Scope, position_of

if TYPE_CHECKING:
    from dataflow_core.flow.dataflow import DataFlow


def adopt(cls: type[DataFlow], root: type[DataFlow]) -> None:
    """Prepare a new subclass.

    Args:
        cls: the subclass.
        root: DataFlow itself.
    """
    written = _own(cls, root, "get_data") or _own(cls, root, "__iter__")
    if written is not None:
        _adopt_written(cls, root, written)
    elif "_open" in cls.__dict__ or "_chain" in cls.__dict__:
        _adopt_native(cls, root)


def _own(cls: type[DataFlow], root: type[DataFlow], name: str) -> Written | None:
    """Return what the class itself, or a mixin before its first flow, writes under `name`."""
    for base in cls.__mro__:
        if base is not cls and issubclass(base, root):
            return None
        written: Written | None = base.__dict__.get(name)
        if written is not None and not getattr(written, "__isabstractmethod__", False):
            return written
    return None


def _adopt_written(cls: type[DataFlow], root: type[DataFlow], written: Written) -> None:
    """Make a user's generator the way this class runs, under both of its names."""

    def _open(self: DataFlow, scope: Scope, place: Place | None) -> Run:
        return OpaqueRun(self, written, scope, position_of(place))

    def _chain(self: DataFlow) -> Chain:
        return root._chain(self)

    cls._open = _open  # type: ignore[method-assign]
    cls._chain = _chain  # type: ignore[method-assign]
    # It may make flows that draw their seeds from its own stream.
    cls._draws = True
    for name in ("get_data", "__iter__"):
        own = _own(cls, root, name) or written
        setattr(cls, name, _entry(name, _written_inside(own), own))


def _written_inside(own: Written) -> Callable[[DataFlow, OpaqueRun], Iterator[Datapoint]]:
    def inside(self: DataFlow, run: OpaqueRun) -> Iterator[Datapoint]:
        del run
        return own(self)

    return inside


def _adopt_native(cls: type[DataFlow], root: type[DataFlow]) -> None:
    """Let subclasses that write a generator reach this class's way to run by `super()`."""
    chain = cls.__dict__.get("_chain")
    if chain is not None and "_open" not in cls.__dict__:

        def _open(self: DataFlow, scope: Scope, place: Place | None) -> Run:
            opened: Run = chain(self).open(scope, place)
            return opened

        cls._open = _open  # type: ignore[method-assign]
    elif chain is None:
        # It numbers its own output, whatever chain a base class would have continued.
        cls._chain = root._chain  # type: ignore[method-assign]
    opens = cls._open

    def inside(self: DataFlow, run: OpaqueRun) -> Iterator[Datapoint]:
        return iter(opens(self, run.scope, None))

    for name in ("get_data", "__iter__"):
        setattr(cls, name, _entry(name, inside, getattr(root, name)))


def _entry(
    name: str,
    inside: Callable[[DataFlow, OpaqueRun], Iterator[Datapoint]],
    documented: Callable[..., object],
) -> Callable[[DataFlow], Iterator[Datapoint]]:
    """Return a public method: outermost it begins an epoch, from within it only goes on."""

    def entry(self: DataFlow) -> Iterator[Datapoint]:
        run = self._opaque_run
        if run is not None and run.executing:
            return inside(self, run)
        return self._ready().iterate(self)

    entry.__name__ = name
    entry.__qualname__ = documented.__qualname__
    entry.__doc__ = documented.__doc__
    entry.__module__ = documented.__module__
    return entry
