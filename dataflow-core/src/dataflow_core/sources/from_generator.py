"""A flow over a generator function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from dataflow_core.flow.dataflow import DataFlow
from dataflow_core.flow.datapoint import Datapoint


class DataFromGenerator(DataFlow):
    """What `gen()` yields; it is called once an epoch.

    Order: the generator's. It must yield the same each time for a resume to be exact; draw from a
    `RNGDataFlow`'s `self.rng` where it should not. The length is unknown.

    Args:
        gen: a callable without arguments that returns a new iterator each time.

    Raises:
        TypeError: if `gen` cannot be called, such as a generator that was already made.

    Example:
        >>> def count():
        ...     for i in range(3):
        ...         yield [i]
        >>> flow = DataFromGenerator(count)
        >>> list(flow), list(flow)
        ([[0], [1], [2]], [[0], [1], [2]])
    """

    def __init__(self, gen: Callable[[], Iterable[Datapoint]]) -> None:
        if not callable(gen):
            if isinstance(gen, Iterator):
                raise TypeError(
                    "DataFromGenerator was given a generator object, which can be read only"
                    " once; pass the function that makes it (gen, not gen())"
                )
            raise TypeError(
                "DataFromGenerator needs a function that returns an iterator, not"
                f" {type(gen).__name__}"
            )
        self._gen = gen

    def get_data(self) -> Iterator[Datapoint]:
        """Iterate over the next epoch."""
        items = self._gen()
        try:
            return iter(items)
        except TypeError:
            raise TypeError(
                f"the function given to DataFromGenerator returned {type(items).__name__}, which"
                " cannot be iterated; it should yield datapoints"
            ) from None

    def _params(self) -> Mapping[str, object]:
        return {"*gen": self._gen}
