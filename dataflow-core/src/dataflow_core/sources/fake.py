"""Datapoints made up on the spot, to try and to time pipelines."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dataflow_core.errors import NoRandomStreamError
from dataflow_core.flow.indexed import IndexedDataFlow
from dataflow_core.rng import RandomKey, index_generator, rng

Domain: TypeAlias = tuple[float, float]
Array: TypeAlias = npt.NDArray[np.generic]


class FakeData(IndexedDataFlow):
    """`size` datapoints of arrays of the given shapes.

    Order: by index. With `random=True` every datapoint is drawn anew, uniformly from its domain:
    `[low, high)`, integers for integer dtypes. With `random=False` every datapoint holds the same
    arrays, the first ones drawn.

    Args:
        shapes: one shape per component; `()` gives a 0-d array.
        size: how many datapoints an epoch has.
        random: whether datapoints differ.
        dtype: one for all, or one per component.
        domain: `(low, high)`, one for all or one per component.

    Raises:
        ValueError: if a domain is empty or the numbers of shapes, dtypes and domains differ.

    Example:
        >>> image, label = next(iter(FakeData([(2, 2, 3), ()], dtype=["uint8", "int32"],
        ...                                   domain=[(0, 256), (0, 10)])))
        >>> image.shape, image.dtype, label.dtype
        ((2, 2, 3), dtype('uint8'), dtype('int32'))
    """

    def __init__(
        self,
        shapes: Sequence[Sequence[int]],
        size: int = 1000,
        random: bool = True,
        dtype: npt.DTypeLike | Sequence[npt.DTypeLike] = "float32",
        domain: Domain | Sequence[Domain] = (0, 1),
    ) -> None:
        super().__init__(shuffle=False)
        self._shapes = [tuple(operator.index(n) for n in shape) for shape in shapes]
        self._size = operator.index(size)
        self._random = random
        count = len(self._shapes)
        dtypes: list[Any] = list(dtype) if isinstance(dtype, (list, tuple)) else [dtype] * count
        self._dtypes: list[np.dtype[Any]] = [np.dtype(one) for one in dtypes]
        self._domains = _per_component(domain, count)
        if not len(self._dtypes) == len(self._domains) == count:
            raise ValueError(
                f"FakeData has {count} shapes but {len(self._dtypes)} dtypes and"
                f" {len(self._domains)} domains; give one for all, or one per shape"
            )
        if self._size < 0:
            raise ValueError(f"the size of FakeData is at least 0, got {size}")
        self._same: list[Array] | None = None

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int, /) -> list[Array]:
        if not self._random:
            if self._same is None:
                self._same = self._draw(index_generator(RandomKey(0, 0, 0), 0))
            return list(self._same)
        try:
            generator = rng()
        except NoRandomStreamError:  # asked for directly, outside an iteration
            generator = index_generator(RandomKey(0, 0, 0), index)
        return self._draw(generator)

    def _draw(self, generator: np.random.Generator) -> list[Array]:
        return [
            _uniform(generator, shape, dtype, low, high)
            for shape, dtype, (low, high) in zip(self._shapes, self._dtypes, self._domains)
        ]

    def _params(self) -> Mapping[str, object]:
        dtypes = [str(dtype) for dtype in self._dtypes]
        return {
            "*shapes": self._shapes,
            "size": self._size,
            "random": self._random,
            "dtype": dtypes,
            "domain": self._domains,
        }


def _uniform(
    generator: np.random.Generator,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    low: float,
    high: float,
) -> Array:
    if dtype.kind in "iu":
        return np.asarray(generator.integers(int(low), int(high), shape, dtype))
    if dtype.kind == "b":
        return np.asarray(generator.random(shape) < 0.5)
    drawn = np.float32 if dtype == np.float32 else np.float64
    values: npt.NDArray[np.floating] = generator.random(shape, drawn)
    if (low, high) == (0, 1) and dtype == drawn:
        return values
    made = np.asarray(values * (high - low) + low, dtype)
    if dtype.kind != "f":
        return made
    # What lies just below `high` may have been rounded up to it.
    below: Array = np.minimum(made, np.nextafter(dtype.type(high), dtype.type(-np.inf)))
    return below


def _per_component(domain: Domain | Sequence[Domain], count: int) -> list[Domain]:
    given: Sequence[Any] = domain
    many = len(given) > 0 and isinstance(given[0], (list, tuple))
    domains = [tuple(one) for one in given] if many else [tuple(given)] * count
    for one in domains:
        if len(one) != 2 or not one[0] < one[1]:
            raise ValueError(f"a domain is (low, high) with low < high, got {one!r}")
    return domains
