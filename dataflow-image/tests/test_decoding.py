"""Bytes become images, or an error that says why not."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_core.errors import DataFlowError
from dataflow_image.decoding import decode_image
from dataflow_image.errors import ImageDecodeError
from dataflow_image.truncation import missing_end

FORMATS = [".jpg", ".png", ".webp"]


def picture() -> npt.NDArray[Any]:
    rows, columns = np.mgrid[0:48, 0:64]
    image = np.stack([rows * 5, columns * 4 - 1, rows + columns], axis=-1).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 30, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def encoded(extension: str, *options: int) -> bytes:
    done, data = cv2.imencode(extension, picture(), options)
    assert done
    return data.tobytes()


def with_exif(jpeg: bytes, orientation: int, thumbnail: bytes = b"") -> bytes:
    """Put an EXIF segment in front, with an orientation and perhaps a thumbnail."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM\x00*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0) + thumbnail
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, "u1")])
def test_every_kind_of_bytes_is_read(wrap: Any) -> None:
    np.testing.assert_array_equal(decode_image(wrap(encoded(".png"))), picture())


@pytest.mark.parametrize("kind", [str, Path])
def test_files_are_read_by_path(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(".png"))
    np.testing.assert_array_equal(decode_image(kind(path)), picture())


def test_channels() -> None:
    grey = decode_image(encoded(".png"), channel=1)
    assert grey.shape == (48, 64)
    assert grey.dtype == np.uint8
    assert decode_image(encoded(".jpg")).shape == (48, 64, 3)
    with pytest.raises(ValueError, match="channel must be 1"):
        decode_image(encoded(".jpg"), channel=4)


def test_deep_and_transparent_images_become_plain_ones() -> None:
    deep = cv2.imencode(".png", picture().astype(np.uint16) * 257)[1].tobytes()
    np.testing.assert_array_equal(decode_image(deep), picture())
    clear = cv2.imencode(".png", np.dstack([picture(), picture()[..., :1]]))[1].tobytes()
    np.testing.assert_array_equal(decode_image(clear), picture())


def test_exif_orientation_is_followed_unless_refused() -> None:
    turned = with_exif(encoded(".jpg"), orientation=6)
    assert decode_image(turned).shape == (64, 48, 3)
    assert decode_image(turned, exif_orientation=False).shape == (48, 64, 3)
    grey = decode_image(turned, channel=1, exif_orientation=False)
    assert grey.shape == (48, 64)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_off_anywhere_is_an_error(extension: str, kept: float) -> None:
    data = encoded(extension)
    with pytest.raises(ImageDecodeError, match=r"cut off|cannot read"):
        decode_image(data[: int(len(data) * kept)])


@pytest.mark.parametrize("extension", FORMATS)
def test_a_single_missing_byte_is_noticed_without_the_decoder(extension: str) -> None:
    data = encoded(extension)
    assert missing_end(data) is None
    assert missing_end(data[:-1]) is not None


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("trailer", [b"\x00" * 100, b"phone's trailer \xff\xff\xda\x00"])
def test_bytes_after_the_image_are_no_fault(extension: str, trailer: bytes) -> None:
    data = encoded(extension) + trailer
    assert missing_end(data) is None
    np.testing.assert_array_equal(decode_image(data), decode_image(encoded(extension)))


def test_a_thumbnails_end_is_not_taken_for_the_images() -> None:
    data = with_exif(encoded(".jpg"), 1, thumbnail=encoded(".jpg"))
    assert missing_end(data) is None
    assert missing_end(data[: len(data) - 20]) is not None
    assert missing_end(data[: len(data) - 20] + b"\x00" * 50) is not None


@pytest.mark.parametrize(
    "options",
    [
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
        (cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_QUALITY, 100),
    ],
)
def test_every_flavour_of_jpeg_is_walked_to_its_end(options: tuple[int, ...]) -> None:
    data = encoded(".jpg", *options)
    assert missing_end(data + b"\x00") is None
    assert missing_end(data[:-2] + b"\x00") is not None


def test_no_bytes_at_all_is_an_error() -> None:
    with pytest.raises(ImageDecodeError, match="no bytes at all"):
        decode_image(b"")


@settings(max_examples=50)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM"]))
def test_garbage_is_an_image_decode_error_and_nothing_else(garbage: bytes, start: bytes) -> None:
    with pytest.raises(ImageDecodeError):
        decode_image(start + garbage)


def test_the_error_names_the_file_its_size_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"not an image")
    with pytest.raises(ImageDecodeError, match=r"broken\.jpg' \(12 bytes\)") as caught:
        decode_image(path)
    assert caught.value.path == str(path)
    assert "Fetch or write the data again" in str(caught.value)
    assert isinstance(caught.value, (DataFlowError, ValueError))


def test_the_error_survives_pickling() -> None:
    error = ImageDecodeError("broken", path="a.jpg", position=7)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.path, copy.position) == ("broken", "a.jpg", 7)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decode_image(tmp_path / "absent.jpg")


@pytest.mark.parametrize("data", [None, 3, np.zeros((2, 2, 3), np.uint8), np.zeros(3)])
def test_what_holds_no_encoded_bytes_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="decode_image"):
        decode_image(data)
