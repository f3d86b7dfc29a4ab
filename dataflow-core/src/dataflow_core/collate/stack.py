"""Stack one component of all datapoints of a batch on a new axis 0."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dataflow_core.collate.allocation import empty
from dataflow_core.collate.rows import WORTH_PLACING, whole
from dataflow_core.errors import BatchError

Stacked: TypeAlias = npt.NDArray[Any]

INT32 = np.iinfo(np.int32)
_MAX_LISTED = 16


def stack(values: Sequence[Any], name: object) -> Stacked:
    """Return `values` (N of them) as one array of shape (N, ...).

    bool → bool, int → int32, float → float32, floats and ints → float32; numpy scalars and arrays
    keep their dtype (several dtypes: numpy's promotion); what has no shape, such as str, becomes an
    array of objects.

    Args:
        values: the component of each datapoint, at least one.
        name: of the component, for errors.

    Raises:
        BatchError: if the shapes differ, or an int does not fit into 32 bits.

    Example:
        >>> stack([1, 2], name=0)
        array([1, 2], dtype=int32)
        >>> stack([np.zeros(3, "uint8"), np.ones(3, "uint8")], name=0).shape
        (2, 3)
    """
    first = type(values[0])
    if first is np.ndarray:
        return _stack_arrays(values, name)
    if first is int:
        return _stack_ints(values, name)
    if first is float:
        return _stack_plain(values, float, np.float32, name)
    if first is bool:
        return _stack_plain(values, bool, np.bool_, name)
    return _stack_others(values, name)


def _stack_arrays(values: Sequence[Any], name: object) -> Stacked:
    made = whole(values)
    if made is not None:
        return made
    shape = values[0].shape
    try:
        # concatenate() is what stack() runs in the end, without its work on each array. It
        # compares all sizes but those along the axis that it joins.
        if shape and {*map(len, values)} == {shape[0]}:
            return _concatenated(values).reshape(len(values), *shape)
        return np.stack(values)
    except TypeError:
        raise _unlike(values, name) from None
    except ValueError:
        raise _ragged(values, name) from None


def _concatenated(values: Sequence[Any]) -> Stacked:
    first = values[0]
    if first.nbytes * len(values) >= WORTH_PLACING:
        out = empty((len(values) * first.shape[0], *first.shape[1:]), first.dtype)
        if out is not None:
            with suppress(TypeError):
                return np.concatenate(values, out=out, casting="no")
            # The others are of other dtypes: the result is of one that suits all.
    return np.concatenate(values)


def _stack_ints(values: Sequence[Any], name: object) -> Stacked:
    if {*map(type, values)} != {int}:
        return _stack_others(values, name)
    try:
        wide = np.array(values, np.int64)
    except OverflowError:
        raise _beyond_int32(values, name) from None
    # Not np.array(values, np.int32), which wraps around before NumPy 2.
    narrow = wide.astype(np.int32)
    if (narrow != wide).any():
        raise _beyond_int32(values, name)
    return narrow


def _beyond_int32(values: Sequence[Any], name: object) -> BatchError:
    beyond = next(v for v in values if not INT32.min <= v <= INT32.max)
    return BatchError(
        f"component {name!r} holds the int {beyond}, which does not fit into int32, the dtype of"
        " ints in a batch; make it a numpy.int64 in a map"
    )


def _stack_plain(values: Sequence[Any], kind: type, dtype: npt.DTypeLike, name: object) -> Stacked:
    if {*map(type, values)} == {kind}:
        return np.array(values, dtype)
    return _stack_others(values, name)


def _stack_others(values: Sequence[Any], name: object) -> Stacked:
    if {*map(type, values)} == {int, float}:
        _stack_ints([value for value in values if type(value) is int], name)
        return np.array(values, np.float32)
    arrays = [_as_array(value, name) for value in values]
    if any(array.dtype.kind == "O" and array.ndim == 0 for array in arrays):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    try:
        return np.stack(arrays)
    except TypeError:
        raise _unlike(arrays, name) from None
    except ValueError:
        raise _ragged(arrays, name) from None


def _as_array(value: Any, name: object) -> Stacked:
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    if isinstance(value, bool):
        return np.array(value, np.bool_)
    if isinstance(value, int):
        return np.asarray(_stack_ints([int(value)], name)[0])
    if isinstance(value, float):
        return np.array(value, np.float32)
    if isinstance(value, (list, tuple)):
        try:
            return np.asarray(value)
        except ValueError:
            pass
    elif hasattr(value, "__array__"):
        return np.asarray(value)
    boxed = np.empty((), object)
    boxed[()] = value
    return boxed


def _unlike(arrays: Sequence[Any], name: object) -> BatchError:
    if not all(isinstance(array, np.ndarray) for array in arrays):
        return _ragged(arrays, name)
    dtypes = ", ".join(sorted({str(array.dtype) for array in arrays}))
    return BatchError(
        f"component {name!r} has dtypes in one batch that do not go together: {dtypes}; make them"
        " one in a map, or use use_list=True"
    )


def _ragged(arrays: Sequence[Any], name: object) -> BatchError:
    shapes = [getattr(array, "shape", ()) for array in arrays]
    listed = ", ".join(f"{i}: {shape}" for i, shape in enumerate(shapes[:_MAX_LISTED]))
    more = ", ..." if len(shapes) > _MAX_LISTED else ""
    return BatchError(
        f"component {name!r} has different shapes in one batch, by position in it: {listed}{more};"
        " resize or crop to one shape, or use PadBatchData, BatchDataByShape or use_list=True"
    )
