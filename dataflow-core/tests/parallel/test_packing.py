"""What travels between a parent and its processes arrives as it was."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dataflow_core.parallel.transport.packing import CODEC, OUT_OF_BAND, PICKLE, Packing

ARRAYS: dict[str, npt.NDArray[Any]] = {
    "large": np.arange(2 * OUT_OF_BAND, dtype=np.uint8).reshape(2, -1),
    "small": np.arange(6, dtype=np.int32).reshape(2, 3),
    "scalar": np.array(5.0),
    "of nothing": np.zeros((0, 3), np.float32),
    "bools": np.array([True, False]),
    "halves": np.arange(OUT_OF_BAND, dtype=np.float16),
    "complex": np.arange(700, dtype=np.complex64),
    "long doubles": np.arange(3, dtype=np.longdouble),
    "big-endian": np.arange(6, dtype=">i4"),
    "big-endian, backwards": np.arange(6, dtype=">i4")[::-1],
    "big-endian, every other of many": np.arange(2 * OUT_OF_BAND, dtype=">f8")[::2],
    "big-endian, the same again and again": np.broadcast_to(np.arange(3, dtype=">u2"), (4, 3)),
    "big-endian texts, backwards": np.array(["a", "b"], ">U1")[::-1],
    "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "every other": np.arange(20)[::2],
    "backwards": np.arange(20)[::-1],
    "datetimes": np.array(["2024-02-29"], "M8[ns]"),
    "structured": np.zeros(3, [("a", "<i4"), ("b", "<f8")]),
    "texts": np.array(["a", "bc"]),
    "objects": np.array([1, None], object),
}
PACKINGS = {"pickle": PICKLE, "codec": CODEC}


def there_and_back(fields: list[Any], packing: Packing) -> Any:
    frames = packing.pack(fields)
    return packing.unpack([bytes(frames[0]), *(memoryview(bytearray(f)) for f in frames[1:])])


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_arrive_as_they_were(kind: str, packing: Packing) -> None:
    array = ARRAYS[kind]
    [arrived] = there_and_back([array], packing)
    assert type(arrived) is np.ndarray
    assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
    assert arrived.flags.f_contiguous == array.flags.f_contiguous or not array.flags.c_contiguous
    np.testing.assert_array_equal(arrived, array)
    if arrived.size and packing is PICKLE:
        arrived[...] = arrived[::-1].copy() if arrived.ndim else arrived


def test_one_array_twice_arrives_as_one() -> None:
    array = np.arange(3)
    first, second = there_and_back([array, array], PICKLE)
    assert first is second


@pytest.mark.parametrize(
    "array",
    [
        np.ma.array([1, 2], mask=[0, 1]),
        np.zeros((2, 2)).view(np.matrix),
        np.arange(3).view(np.recarray),
    ],
    ids=lambda array: type(array).__name__,
)
def test_subclasses_stay_what_they_are(array: Any) -> None:
    [arrived] = there_and_back([array], PICKLE)
    assert type(arrived) is type(array)
    np.testing.assert_array_equal(np.asarray(arrived), np.asarray(array))


def test_plain_arrays_name_no_function_of_numpys() -> None:
    packed = bytes(PICKLE.pack([ARRAYS["large"], ARRAYS["small"]])[0])
    named: list[str] = []

    class Noted(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            named.append(name)
            return super().find_class(module, name)

    large = memoryview(bytearray(ARRAYS["large"].tobytes()))
    Noted(io.BytesIO(packed), buffers=[large]).load()
    assert named == ["ndarray"]
