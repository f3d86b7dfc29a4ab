"""Whose memory the arrays are."""

from __future__ import annotations

import numpy as np
import pytest

from dataflow_core.codec import decode, dumps, encode, loads


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, "M8[s]", [("a", "i4"), ("b", "f8")]])
def test_encoding_a_large_array_does_not_copy_it(order: str, dtype: object) -> None:
    array = np.zeros((100, 200), dtype, order=order)  # type: ignore[call-overload]
    _, frame = encode(array)
    assert np.shares_memory(np.frombuffer(frame, np.uint8), array.reshape(-1, order="A"))


def test_encoding_a_read_only_array_works() -> None:
    array = np.arange(5000.0)
    array.flags.writeable = False
    assert decode(encode(array)).tolist() == array.tolist()


def test_large_bytes_are_handed_on_both_ways() -> None:
    data = b"x" * 5000
    frames = encode([data])
    assert frames[1] is data
    assert decode(frames)[0] is data


def test_views_are_writable_exactly_if_the_buffer_is() -> None:
    array = np.arange(5000.0)
    data = dumps(array)
    assert not loads(data).flags.writeable
    writable = bytearray(data)
    view = loads(writable)
    view[0] = 9
    assert loads(writable)[0] == 9
    assert np.shares_memory(view, np.frombuffer(writable, np.uint8))


@pytest.mark.parametrize("size", [8, 5000])
def test_a_copy_is_owned_and_writable_and_lets_go_of_the_frames(size: int) -> None:
    data = bytearray(dumps([np.arange(float(size))]))
    (array,) = loads(data, copy=True)
    array[0] = 9
    data.clear()  # raises BufferError while a view is alive
    assert array[0] == 9


def test_a_failed_decode_lets_go_of_the_frames() -> None:
    data = bytearray(dumps([np.arange(5000.0)]))
    with pytest.raises(ValueError, match="cut"):
        loads(memoryview(data)[:-1])
    data.clear()


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_buffers_lie_on_cache_lines(count: int) -> None:
    base = np.zeros(1 << 20, np.uint8)
    start = -base.ctypes.data % 64
    data = dumps(
        [*range(count), *(np.zeros(1001 + i, np.uint64) for i in range(count)), "x" * count]
    )
    base[start : start + len(data)] = np.frombuffer(data, np.uint8)
    for array in loads(base[start : start + len(data)])[count:-1]:
        assert array.ctypes.data % 64 == 0
        assert array.flags.aligned


def test_small_arrays_are_aligned() -> None:
    for array in loads(dumps([b"x", np.ones(3), np.ones(5, np.complex128), "yy", np.ones(1)]))[
        1::2
    ]:
        if isinstance(array, np.ndarray):
            assert array.flags.aligned


def test_small_arrays_own_their_memory() -> None:
    array = loads(dumps(np.arange(8.0)))
    assert array.flags.owndata
    array[0] = 9


def test_small_arrays_take_no_frame_of_their_own() -> None:
    assert len(encode([3, np.zeros(8, np.float32)])) == 1
    assert len(encode([3, np.zeros(75_000, np.uint8)])) == 2


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, "<u1")])
def test_any_buffer_is_read(wrap: object) -> None:
    data = dumps([1, np.arange(5000), "x"])
    number, array, text = loads(wrap(data))  # type: ignore[operator]
    assert (number, array.sum(), text) == (1, 4999 * 2500, "x")
    frames = [wrap(bytes(frame)) for frame in encode([1, b"y" * 5000])]  # type: ignore[operator]
    assert decode(frames) == [1, b"y" * 5000]


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("copy", [False, True])
def test_bytes_between_the_fields_of_a_struct_are_kept(count: int, copy: bool) -> None:
    dtype = np.dtype({"names": ["a"], "formats": ["u1"], "offsets": [5], "itemsize": 16})
    raw = np.arange(16 * count, dtype=np.uint8)
    back = loads(dumps(raw.view(dtype)), copy=copy)
    assert back.view(np.uint8).tolist() == raw.tolist()
    scalar = loads(dumps(raw.view(dtype)[0]))
    assert bytes(scalar.data) == bytes(range(16))
    scalar["a"] = 3
