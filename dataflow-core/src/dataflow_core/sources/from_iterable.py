"""A flow over an iterable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dataflow_core.errors import UnknownLengthError
from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint


class DataFromIterable(DataFlow):
    """What an iterable yields; each epoch iterates it from the start.

    Order: the iterable's. It must yield the same each time for a resume to be exact. It has a
    length if the iterable has.

    Raises:
        TypeError: if `iterable` is none, or an iterator, which could be read only once.

    Example:
        >>> list(DataFromIterable({"a": 1, "b": 2}.items()))
        [('a', 1), ('b', 2)]
    """

    def __init__(self, iterable: Iterable[Datapoint]) -> None:
        if isinstance(iterable, Iterator):
            raise TypeError(
                f"DataFromIterable was given an iterator ({type(iterable).__name__}), which can"
                " be read only once; use DataFromGenerator with a function that makes a new one,"
                " or a list"
            )
        if not isinstance(iterable, Iterable):
            raise TypeError(f"DataFromIterable needs an iterable, not {type(iterable).__name__}")
        self._iterable = iterable

    def get_data(self) -> Iterator[Datapoint]:
        """Iterate over the next epoch."""
        return iter(self._iterable)

    def __len__(self) -> int:
        try:
            return len(self._iterable)  # type: ignore[arg-type]
        except TypeError:
            raise UnknownLengthError(
                f"{self._label()} has no length, because the iterable has none"
            ) from None

    def _params(self) -> Mapping[str, object]:
        return {"*type": type(self._iterable).__name__}
