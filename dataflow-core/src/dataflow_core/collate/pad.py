"""Pad one component of all datapoints of a batch to the largest of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dataflow_core.collate.stack import Stacked, stack
from dataflow_core.errors import BatchError


def pad(values: Sequence[Any], name: object, pad_value: float = 0) -> Stacked:
    """Return `values` (N of them) as one array (N, ...), each padded at its ends.

    Args:
        values: arrays of one number of dimensions, or scalars; at least one.
        name: of the component, for errors.
        pad_value: what fills the rest, in the dtype of the values.

    Raises:
        BatchError: if the numbers of dimensions differ, or `pad_value` is none of the dtype's.

    Example:
        >>> pad([np.array([1]), np.array([2, 3])], name=0).tolist()
        [[1, 0], [2, 3]]
    """
    if not all(isinstance(value, (np.ndarray, list, tuple)) for value in values):
        return stack(values, name)
    arrays = [np.asarray(value) for value in values]
    if len({array.ndim for array in arrays}) != 1:
        raise BatchError(
            f"component {name!r} has different numbers of dimensions in one batch, which padding"
            f" cannot mend: {[array.ndim for array in arrays]}"
        )
    shape = tuple(max(sizes) for sizes in zip(*(array.shape for array in arrays)))
    dtype = np.result_type(*(array.dtype for array in arrays))
    if any(array.shape != shape for array in arrays):
        _refuse_unfit(pad_value, dtype, name)
    else:
        pad_value = 0  # which nothing is filled with
    out = np.full((len(arrays), *shape), pad_value, dtype)
    for row, array in enumerate(arrays):
        filled: tuple[int | slice, ...] = (row, *(slice(size) for size in array.shape))
        out[filled] = array
    return out


def _refuse_unfit(pad_value: float, dtype: np.dtype[Any], name: object) -> None:
    """Raise if an array of numbers would hold something else than `pad_value`."""
    if dtype.kind not in "biu":
        return
    if math.isfinite(pad_value) and pad_value == int(pad_value):
        least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        if least <= pad_value <= most:
            return
    raise BatchError(
        f"component {name!r} is of dtype {dtype} and cannot be padded with {pad_value!r}: choose"
        " another pad_value, or convert the component in a map"
    )
