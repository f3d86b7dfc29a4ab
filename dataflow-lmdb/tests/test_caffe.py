"""Databases of Caffe, whose messages Google's own library writes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow_core import DataFlow
from dataflow_core.testing import SourceConformance
from dataflow_lmdb import CaffeLMDB, DamagedRecordError, LMDBSerializer, MissingLibraryError
from dataflow_lmdb.datum import parse_datum

pytest.importorskip("google.protobuf", reason="messages are written by protobuf")
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELDS = {  # name: (number, type, label), as in caffe.proto
    "channels": (1, "TYPE_INT32", "LABEL_OPTIONAL"),
    "height": (2, "TYPE_INT32", "LABEL_OPTIONAL"),
    "width": (3, "TYPE_INT32", "LABEL_OPTIONAL"),
    "data": (4, "TYPE_BYTES", "LABEL_OPTIONAL"),
    "label": (5, "TYPE_INT32", "LABEL_OPTIONAL"),
    "float_data": (6, "TYPE_FLOAT", "LABEL_REPEATED"),
    "encoded": (7, "TYPE_BOOL", "LABEL_OPTIONAL"),
    "later": (90, "TYPE_STRING", "LABEL_OPTIONAL"),  # what a fork of Caffe might add
    "fixed": (91, "TYPE_FIXED64", "LABEL_OPTIONAL"),
}


def message_class(name: str, *, packed: bool) -> Any:
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="test", syntax="proto2")
    message = file.message_type.add(name=name)
    for field_name, (number, kind, label) in FIELDS.items():
        field = message.field.add(name=field_name, number=number)
        field.type = getattr(descriptor_pb2.FieldDescriptorProto, kind)
        field.label = getattr(descriptor_pb2.FieldDescriptorProto, label)
        if packed and label == "LABEL_REPEATED":
            field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"test.{name}"))


Datum = message_class("Datum", packed=False)
PackedDatum = message_class("PackedDatum", packed=True)


def raw(image: np.ndarray[Any, Any], label: int, kind: Any = Datum) -> bytes:
    """An image as Caffe's `array_to_datum` stores it."""
    height, width, channels = image.shape
    datum = kind(channels=channels, height=height, width=width, label=label)
    chw = image.transpose(2, 0, 1)
    if image.dtype == np.uint8:
        datum.data = chw.tobytes()
    else:
        datum.float_data.extend(chw.ravel().tolist())
    return bytes(datum.SerializeToString())


images = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 4))
int32 = st.integers(-(2**31), 2**31 - 1)


@given(shape=images, label=int32, seed=st.integers(0, 99))
def test_pixels_and_labels_are_those_that_were_stored(
    shape: tuple[int, int, int], label: int, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    datum = parse_datum(raw(image, label))
    assert datum.label == label
    assert datum.pixels().dtype == np.uint8
    np.testing.assert_array_equal(datum.pixels(), image)


@pytest.mark.parametrize("kind", [Datum, PackedDatum])
@given(shape=images, seed=st.integers(0, 99))
def test_floats_are_read_however_they_are_packed(
    kind: Any, shape: tuple[int, int, int], seed: int
) -> None:
    image = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    found = parse_datum(raw(image, 1, kind)).pixels()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, image)


def test_floats_end_where_another_field_begins() -> None:
    parts = [{"channels": 2, "height": 1, "width": 1}, {"float_data": [1.5]}, {"encoded": False}]
    parts += [{"float_data": [2.5]}, {"label": 4}]
    message = b"".join(Datum(**part).SerializeToString() for part in parts)
    datum = parse_datum(message)
    assert (datum.label, datum.pixels().tolist()) == (4, [[[1.5, 2.5]]])
    wordy = message.replace(b"\x35", b"\xb5\x00")  # tags of two bytes, where one would do
    assert parse_datum(wordy).pixels().tolist() == [[[1.5, 2.5]]]


@given(message=st.binary(max_size=60) | st.lists(st.sampled_from(b"\x35\xb5\x00\x22")).map(bytes))
def test_garbage_is_refused_as_such(message: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_datum(message)


@given(cut=st.integers(0, 200), seed=st.integers(0, 9))
def test_half_a_message_is_no_image(cut: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (7, 8, 3), np.uint8)
    whole = raw(image, 3)
    half = whole[: cut % (len(whole) - 3)]  # the last fields are the label and nothing more
    with pytest.raises(ValueError, match=r"Datum|message|number"):
        parse_datum(half).pixels()


def test_fields_that_are_not_known_are_passed_over() -> None:
    datum = Datum(channels=1, height=1, width=1, data=b"x", label=5, later="é", fixed=7)
    parsed = parse_datum(datum.SerializeToString())
    assert (parsed.label, parsed.pixels().item(), parsed.encoded) == (5, ord("x"), False)


@pytest.fixture
def folder_of_pixels(make: Callable[..., str]) -> str:
    draws = np.random.default_rng(0)
    return make(
        {
            f"{i:08d}_cat/{i}.jpg".encode(): raw(draws.integers(0, 256, (4, 5, 3), np.uint8), i)
            for i in range(12)
        }
    )


class TestConformance(SourceConformance):
    @pytest.fixture
    def source(self, folder_of_pixels: str) -> Callable[[], DataFlow]:
        return lambda: CaffeLMDB(folder_of_pixels, shuffle=True)


def test_images_own_their_memory(folder_of_pixels: str) -> None:
    with CaffeLMDB(folder_of_pixels, shuffle=False) as flow:
        points = list(flow)
    for number, (image, label) in enumerate(points):
        assert label == number
        assert image.shape == (4, 5, 3)
        assert image.flags.c_contiguous
        image += 1


def test_a_grey_image_owns_its_memory_too(make: Callable[..., str]) -> None:
    path = make({b"0": raw(np.full((4, 5, 1), 9, np.uint8), 0)})
    with CaffeLMDB(path) as flow:
        [[image, _]] = list(flow)
    image += 1
    assert image.tolist() == [[[10]] * 5] * 4


def test_image_files_are_decoded_to_bgr(make: Callable[..., str]) -> None:
    cv2 = pytest.importorskip("cv2")
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :, 0] = 250  # blue
    values = {}
    for number, extension in enumerate((".png", ".jpg")):
        data = cv2.imencode(extension, image)[1].tobytes()
        values[b"%d" % number] = Datum(data=data, label=number, encoded=True).SerializeToString()
    with CaffeLMDB(make(values), shuffle=False) as flow:
        [[png, zero], [jpeg, one]] = list(flow)
    assert (zero, one) == (0, 1)
    np.testing.assert_array_equal(png, image)
    assert np.abs(jpeg.astype(int) - image).max() < 10


def test_image_files_without_opencv_name_what_to_install(
    make: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    path = make({b"0": Datum(data=b"\xff\xd8", label=1, encoded=True).SerializeToString()})
    with pytest.raises(MissingLibraryError, match=r'pip install "dataflow-lmdb\[caffe\]"'):
        CaffeLMDB(path)
    lmdb.open(path).close()  # and nothing holds the file any more


@pytest.mark.parametrize("data", [b"", b"no image", b"\xff\xd8\xff"])
def test_a_broken_image_file_is_named_with_its_record(
    make: Callable[..., str], data: bytes
) -> None:
    pytest.importorskip("cv2")
    good = raw(np.zeros((1, 1, 1), np.uint8), 0)
    path = make({b"0": good, b"1": Datum(data=data, encoded=True).SerializeToString()})
    flow = CaffeLMDB(path, shuffle=False)
    with pytest.raises(DamagedRecordError, match=r"record b'1' .* as a Datum of Caffe"):
        flow[1]


@pytest.mark.parametrize("value", [b"\xff\xd8 a JPEG", b"", b"\x80\x04]."])
def test_a_database_of_something_else_is_refused_at_once(
    make: Callable[..., str], value: bytes
) -> None:
    with pytest.raises(DamagedRecordError, match="a Datum of Caffe"):
        CaffeLMDB(make({b"0": value}))


def test_keys_choose_the_images(folder_of_pixels: str) -> None:
    flow = CaffeLMDB(folder_of_pixels, shuffle=False, keys="{0:08d}_cat/{0}.jpg")
    assert [label for _, label in flow] == [*range(12)]
    with CaffeLMDB(folder_of_pixels, keys=["00000007_cat/7.jpg"]) as one:
        assert [label for _, label in one] == [7]


def test_it_is_found_under_its_name() -> None:
    assert DataFlow.registry.get("caffe_lmdb") is CaffeLMDB


def test_it_can_be_saved_in_the_safe_codec(folder_of_pixels: str, tmp_path: Path) -> None:
    with CaffeLMDB(folder_of_pixels, shuffle=False) as flow:
        LMDBSerializer.save(flow, tmp_path / "safe.lmdb", progress=False)
        saved = list(LMDBSerializer.load(tmp_path / "safe.lmdb", shuffle=False))
        for (image, label), (expected, number) in zip(saved, flow):
            np.testing.assert_array_equal(image, expected)
            assert label == number
