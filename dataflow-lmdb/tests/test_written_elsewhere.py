"""Databases that other libraries really wrote, with the libraries from the package index."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import pickle
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow_core import DataFlow
from dataflow_lmdb import (
    DamagedRecordError,
    ForeignCodecError,
    LMDBData,
    LMDBDataDecoder,
    LMDBSerializer,
    numpy_in_msgpack,
    register_codec,
)

TENSORPACK = """
import os, sys, warnings
os.environ["TENSORPACK_SERIALIZE"] = sys.argv[1]
warnings.simplefilter("ignore")
import numpy as np
from tensorpack.dataflow import DataFromList, LMDBSerializer
pairs = np.zeros((2,), dtype=[("a", "<i4"), ("b", "<f8", (2,))])
points = [[i, np.full((i, 3), i, np.uint8), {"x": np.float32(i)}, pairs] for i in range(7)]
LMDBSerializer.save(DataFromList(points, shuffle=False), sys.argv[2])
"""


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("form", "codec"), [("pickle", "pickle"), ("msgpack", "msgpack-numpy")])
@pytest.mark.skipif(importlib.util.find_spec("tensorpack") is None, reason="needs tensorpack")
def test_what_tensorpack_wrote_is_read(
    tmp_path: Path, form: str, codec: str, *, folder: bool
) -> None:
    path = tmp_path / "theirs"
    if folder:
        path.mkdir()
    # In a process of its own, as it changes msgpack for the whole process.
    program = [sys.executable, "-c", TENSORPACK, form, str(path)]
    subprocess.run(program, check=True, capture_output=True, timeout=120)
    with pytest.raises(ForeignCodecError, match=f"codec='{codec}'") as caught:
        LMDBSerializer.load(path)
    assert caught.value.codec == codec
    points = list(LMDBSerializer.load(path, shuffle=False, codec=codec))
    assert len(points) == 7
    for i, (number, image, scalars, pairs) in enumerate(points):
        assert number == i
        np.testing.assert_array_equal(image, np.full((i, 3), i, np.uint8))
        assert scalars == {"x": np.float32(i)}
        assert pairs.dtype == np.dtype([("a", "<i4"), ("b", "<f8", (2,))])
        image += 1  # owns its memory


scalar_dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes()
    | hnp.byte_string_dtypes(max_len=9)
    | hnp.unicode_string_dtypes(max_len=9)
)
dtypes = scalar_dtypes | hnp.nested_dtypes(scalar_dtypes, max_itemsize=200).filter(
    lambda dtype: dtype.subdtype is None
)


@settings(deadline=None)
@given(data=st.data(), dtype=dtypes)
def test_arrays_of_any_dtype_come_out_of_msgpack_numpy(
    data: st.DataObject, dtype: np.dtype[Any]
) -> None:
    theirs = pytest.importorskip("msgpack_numpy")
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(max_side=4, min_side=0)))
    try:
        packed = theirs.packb([array, {"also": array}])
    except ValueError:
        reject()  # a field's name that their way to the memory cannot spell
    found, also = numpy_in_msgpack.unpack(packed)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == also["also"].tobytes() == array.tobytes()


@given(value=st.complex_numbers(allow_nan=False) | hnp.from_dtype(np.dtype("f4")) | st.booleans())
def test_numbers_come_out_of_msgpack_numpy(value: Any) -> None:
    theirs = pytest.importorskip("msgpack_numpy")
    found = numpy_in_msgpack.unpack(theirs.packb(value))
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@given(value=st.binary(max_size=40))
def test_garbage_for_msgpack_is_refused_as_such(value: bytes) -> None:
    with contextlib.suppress(ValueError):
        numpy_in_msgpack.unpack(value)


def test_images_under_their_names_are_read_by_name(make: Callable[..., str]) -> None:
    files = {f"train/{name}.jpg".encode(): name.encode() * 9 for name in ("zebra", "ant", "bee")}
    path = make(files)
    flow = LMDBDataDecoder(
        LMDBData(path, shuffle=False), lambda key, value: [key.decode(), len(value)]
    )
    assert list(flow) == [["train/ant.jpg", 27], ["train/bee.jpg", 27], ["train/zebra.jpg", 45]]


def test_keys_of_any_bytes_are_read(make: Callable[..., str]) -> None:
    keys = [number.to_bytes(8, "big") for number in (0, 1, 256, 2**63, 2**64 - 1)]
    flow = LMDBData(make({key: key[::-1] for key in keys}), shuffle=False)
    assert list(flow) == [[key, key[::-1]] for key in keys]
    assert [flow[i][0] for i in range(5)] == keys


def test_a_codec_of_the_users_own_reads_values_and_keys(make: Callable[..., str]) -> None:
    register_codec("zlib-json", unzipped_json)
    path = make(
        {
            b"a": zlib.compress(json.dumps([1, "x"]).encode()),
            b"b": zlib.compress(json.dumps([2, "y"]).encode()),
            b"__keys__": zlib.compress(json.dumps(["b", "a"]).encode()),
        }
    )
    flow = LMDBSerializer.load(path, shuffle=False, codec="zlib-json")
    assert list(flow) == [[2, "y"], [1, "x"]]
    assert list(pickle.loads(pickle.dumps(flow))) == [[2, "y"], [1, "x"]]


def test_a_codec_may_keep_what_it_gets(make: Callable[..., str]) -> None:
    register_codec("as it is", list_of_one)
    with LMDBSerializer.load(make({b"a": b"x" * 9000}), codec="as it is") as flow:
        [[value]] = list(flow)
    assert value == b"x" * 9000  # read after the file has been closed


def test_a_codec_that_fails_is_named_with_the_record(make: Callable[..., str]) -> None:
    register_codec("zlib-json", unzipped_json)
    flow = LMDBSerializer.load(make({b"a": b"no zlib"}), codec="zlib-json")
    with pytest.raises(DamagedRecordError, match=r"record b'a' .* as 'zlib-json'"):
        flow[0]


@pytest.mark.parametrize("name", ["pickle", "dataflow", "msgpack-numpy"])
def test_a_codec_that_is_there_is_not_replaced(name: str) -> None:
    with pytest.raises(ValueError, match=f"codec '{name}' is there already"):
        register_codec(name, unzipped_json)


def test_a_definition_that_is_run_again_counts(make: Callable[..., str]) -> None:
    path = make({b"a": b"x"})
    for answer in ([1], [2]):

        def decode(value: bytes, answer: Any = answer) -> Any:
            return answer

        register_codec("run again", decode)
        assert list(LMDBSerializer.load(path, codec="run again")) == [answer]
    with pytest.raises(ValueError, match="is there already"):
        register_codec("run again", unzipped_json)


@pytest.mark.parametrize(("name", "decode"), [(3, json.loads), ("x", "json"), (None, None)])
def test_what_is_no_codec_is_refused(name: Any, decode: Any) -> None:
    with pytest.raises(TypeError, match="a name and a function"):
        register_codec(name, decode)


def test_a_codec_needs_a_name() -> None:
    with pytest.raises(ValueError, match="not empty"):
        register_codec("", json.loads)


def test_a_registered_codec_is_not_used_unasked(make: Callable[..., str]) -> None:
    register_codec("zlib-json", unzipped_json)
    path = make({b"a": zlib.compress(b"[1]")})
    with pytest.raises(ForeignCodecError):
        LMDBSerializer.load(path)


def test_workers_read_with_the_codec(make: Callable[..., str]) -> None:
    register_codec("zlib-json", unzipped_json)
    path = make({b"%d" % i: zlib.compress(b"[%d]" % i) for i in range(6)})

    def flow() -> DataFlow:
        return LMDBSerializer.load(path, shuffle=False, codec="zlib-json")

    assert list(flow().parallel(2, backend="process")) == [[i] for i in range(6)]


def unzipped_json(value: bytes) -> Any:
    return json.loads(zlib.decompress(value))


def list_of_one(value: bytes) -> list[bytes]:
    return [value]
