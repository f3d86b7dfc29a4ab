from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from dataflow_core import DataFromList
from dataflow_lmdb import DamagedRecordError, ForeignCodecError, LMDBSerializer


def nd(array: np.ndarray[Any, Any]) -> dict[bytes, Any]:
    """An array as msgpack-numpy writes it."""
    return {
        b"nd": True,
        b"type": array.dtype.descr if array.dtype.kind == "V" else array.dtype.str,
        b"kind": array.dtype.kind.encode() if array.dtype.kind == "V" else b"",
        b"shape": array.shape,
        b"data": array.tobytes(),
    }


def test_pickled_values_are_read_when_asked_for(make: Callable[..., str]) -> None:
    points = [[i, np.arange(i)] for i in range(5)]
    path = make(
        {b"%08d" % i: pickle.dumps(dp) for i, dp in enumerate(points)}
        | {b"__keys__": pickle.dumps([b"%08d" % i for i in range(5)])}
    )
    with pytest.raises(ForeignCodecError, match=r"look like 'pickle'.*codec='pickle'.*trust") as e:
        LMDBSerializer.load(path)
    assert e.value.codec == "pickle"
    loaded = list(LMDBSerializer.load(path, shuffle=False, codec="pickle"))
    assert [dp[0] for dp in loaded] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(loaded[3][1], np.arange(3))


def test_nothing_is_unpickled_before_it_is_asked_for(
    make: Callable[..., str], tmp_path: Path
) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    bomb = pickle.dumps(Bomb())
    path = make({b"00000000": bomb, b"__keys__": bomb, b"__meta__": bomb})
    with pytest.raises(ForeignCodecError):
        LMDBSerializer.load(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("use_bin_type", [True, False])
def test_msgpack_numpy_values_are_read_when_asked_for(
    make: Callable[..., str], use_bin_type: bool
) -> None:
    pairs = np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")])
    image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    scalar = {b"nd": False, b"type": "<f4", b"data": np.float32(1.5).tobytes()}
    number = {b"complex": True, b"data": repr(2 + 3j)}
    dp = [nd(image), 7, scalar, number, {"k": nd(pairs)}]
    if use_bin_type:
        values = {b"0": msgpack.packb(dp)}
    else:
        values = {b"0": msgpack.packb([1, "x"], use_bin_type=False)}
    path = make({**values, b"__keys__": msgpack.packb([b"0"])})
    with pytest.raises(ForeignCodecError, match="codec='msgpack-numpy'"):
        LMDBSerializer.load(path)
    (loaded,) = LMDBSerializer.load(path, codec="msgpack-numpy")
    if not use_bin_type:
        assert loaded == [1, "x"]
        return
    np.testing.assert_array_equal(loaded[0], image)
    loaded[0][0] = 0  # owns its memory
    assert loaded[1] == 7
    assert loaded[2] == np.float32(1.5)
    assert type(loaded[2]) is np.float32
    assert loaded[3] == 2 + 3j
    np.testing.assert_array_equal(loaded[4]["k"], pairs)


def test_arrays_of_objects_inside_msgpack_are_refused(make: Callable[..., str]) -> None:
    value = {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": (1,), b"data": pickle.dumps([1])}
    path = make({b"0": msgpack.packb([value])})
    with pytest.raises(DamagedRecordError, match="array of objects"):
        list(LMDBSerializer.load(path, codec="msgpack-numpy"))


def test_a_wrong_codec_is_named_with_the_record(make: Callable[..., str]) -> None:
    path = make({b"k": b"\xff\xd8 no pickle"})
    with pytest.raises(ForeignCodecError, match="something else"):
        LMDBSerializer.load(path)
    with pytest.raises(DamagedRecordError, match=r"record b'k'.*as 'pickle'"):
        list(LMDBSerializer.load(path, codec="pickle"))


def test_our_own_database_is_not_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    LMDBSerializer.save(DataFromList([[1]]), path, progress=False)
    assert list(LMDBSerializer.load(path, codec="dataflow")) == [[1]]
    with pytest.raises(ForeignCodecError, match="are in codec 'dataflow', not 'pickle'"):
        LMDBSerializer.load(path, codec="pickle")


def test_a_codec_that_does_not_exist_names_those_that_do(numbered: str) -> None:
    with pytest.raises(ValueError, match=r"'dataflow', 'pickle', 'msgpack-numpy'"):
        LMDBSerializer.load(numbered, codec="arrow")
