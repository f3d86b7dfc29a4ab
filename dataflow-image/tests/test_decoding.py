"""Bytes become images, or an error that says why not."""

from __future__ import annotations

import pickle
import struct
import zlib
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
from dataflow_image.decoding.header import read_header
from dataflow_image.decoding.truncation import missing_end
from dataflow_image.errors import ImageDecodeError

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
    np.testing.assert_array_equal(decode_image(deep, keep_depth=False), picture())
    clear = cv2.imencode(".png", np.dstack([picture(), picture()[..., :1]]))[1].tobytes()
    np.testing.assert_array_equal(decode_image(clear), picture())


def test_exif_orientation_is_followed_unless_refused() -> None:
    turned = with_exif(encoded(".jpg"), orientation=6)
    assert decode_image(turned).shape == (64, 48, 3)
    assert decode_image(turned, exif_orientation=False).shape == (48, 64, 3)
    grey = decode_image(turned, channel=1, exif_orientation=False)
    assert grey.shape == (48, 64)


def test_16_bits_per_value_are_kept() -> None:
    deep = picture().astype(np.uint16) * 257 - 3
    data = cv2.imencode(".png", deep)[1].tobytes()
    np.testing.assert_array_equal(decode_image(data), deep)
    grey = cv2.imencode(".png", deep[..., 0])[1].tobytes()
    np.testing.assert_array_equal(decode_image(grey, channel=1), deep[..., 0])
    assert decode_image(encoded(".png")).dtype == np.uint8


def claiming(extension: str, height: int, width: int) -> bytes:
    """A small file whose header says that it is an image of this size."""
    data = bytearray(encoded(extension))
    if extension == ".png":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    elif extension == ".jpg":
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    else:
        raise AssertionError(extension)
    return bytes(data)


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = claiming(extension, 60_000, 60_000)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageDecodeError, match=r"60000x60000 .* max_pixels=178956970"):
        decode_image(bomb)


@pytest.mark.parametrize("stray", [b"\x00", b"\x07" * 99, b"\xff\x00", b"\x00\xff\xff"])
@pytest.mark.parametrize("segment", [b"\xff\xdb", b"\xff\xc0"])
def test_stray_bytes_between_segments_hide_no_bomb(
    stray: bytes, segment: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_stray_bytes(jpeg: bytes) -> bytes:
        at = jpeg.index(segment)
        return jpeg[:at] + stray + jpeg[at:]

    assert decode_image(with_stray_bytes(encoded(".jpg"))).shape == (48, 64, 3)
    bomb = with_stray_bytes(claiming(".jpg", 60_000, 60_000))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageDecodeError, match=r"60000x60000 .* max_pixels=178956970"):
        decode_image(bomb)


def grey_tiff(
    order: str,
    kind: str,
    height: int,
    width: int,
    *,
    big: bool = False,
    pixels: bytes = b"",
    orientation: int = 1,
) -> bytes:
    """A TIFF of one strip that is not compressed; `kind` is the type of height and width."""
    offset, count = ("Q", "Q") if big else ("I", "H")
    types = {"B": 1, "H": 3, "I": 4, "h": 8, "i": 9, "Q": 16}
    room = struct.calcsize(offset)
    start = struct.pack(f"{order}2sH", b"II" if order == "<" else b"MM", 43 if big else 42)
    if big:
        start += struct.pack(f"{order}HH", 8, 0)
    strip = len(start) + room
    padded = pixels + bytes(len(pixels) % 2)
    fields = [
        # A field in front of the size whose values are nowhere.
        (254, "I", 1000, 2**31),
        (256, kind, 1, width),
        (257, kind, 1, height),
        (258, "H", 1, 8),
        (259, "H", 1, 1),
        (262, "H", 1, 1),
        (273, "I", 1, strip),
        (274, "H", 1, orientation),
        (277, "H", 1, 1),
        (278, kind, 1, height),
        (279, "I", 1, len(pixels)),
    ]
    directory = struct.pack(f"{order}{count}", len(fields))
    for tag, form, number, value in fields:
        entry = struct.pack(f"{order}HH{offset}", tag, types[form], number)
        directory += entry + struct.pack(f"{order}{form}", value).ljust(room, b"\x00")
    after = struct.pack(f"{order}{offset}", 0)
    return start + struct.pack(f"{order}{offset}", strip + len(padded)) + padded + directory + after


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "big"), [(kind, big) for kind in "BHIhi" for big in (False, True)] + [("Q", True)]
)
def test_tiffs_tell_the_size_that_is_decoded(order: str, kind: str, big: bool) -> None:
    grey = picture()[..., 0]
    data = grey_tiff(order, kind, *grey.shape, big=big, pixels=grey.tobytes())
    header = read_header(data)
    assert header is not None
    assert (header.format, header.height, header.width) == ("tiff", 48, 64)
    np.testing.assert_array_equal(decode_image(data, channel=1), grey)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_a_tiff_is_left_as_it_is_stored_if_asked_for(
    order: str, big: bool, orientation: int
) -> None:
    grey = picture()[..., 0]
    data = grey_tiff(
        order, "H", *grey.shape, big=big, pixels=grey.tobytes(), orientation=orientation
    )
    np.testing.assert_array_equal(decode_image(data, channel=1, exif_orientation=False), grey)


BOMBS = {
    "tiff": grey_tiff("<", "H", 60_000, 60_000),
    "big tiff": grey_tiff(">", "I", 60_000, 60_000, big=True),
    "gif 87": b"GIF87a" + struct.pack("<HH", 60_000, 60_000),
    "gif 89": b"GIF89a" + struct.pack("<HH", 60_000, 60_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_so_is_one_of_another_format(bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageDecodeError, match=r"60000x60000 .* max_pixels=178956970"):
        decode_image(BOMBS[bomb])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_may_end_anywhere_and_point_anywhere(order: str, big: bool) -> None:
    grey = picture()[..., 0]
    data = grey_tiff(order, "H", *grey.shape, big=big, pixels=grey.tobytes())
    for end in range(len(data)):
        if end < 20 or end > len(data) - 240:
            header = read_header(data[:end])
            assert header is None or header.format == "tiff"
    for offset in (2**31, 2**32 - 1) if not big else (2**63 - 1, 2**63, 2**64 - 1):
        form = f"{order}{'Q' if big else 'I'}"
        at = 8 if big else 4
        damaged = data[:at] + struct.pack(form, offset) + data[at + struct.calcsize(form) :]
        assert read_header(damaged) is None
    width = struct.pack(f"{order}HH", 256, 3)
    assert read_header(data.replace(width, struct.pack(f"{order}HH", 256, 99))) is None


@pytest.mark.parametrize("extension", [*FORMATS, ".bmp", ".tiff"])
def test_max_pixels_is_a_limit_in_every_format(extension: str) -> None:
    assert decode_image(encoded(extension), max_pixels=48 * 64).shape == (48, 64, 3)
    assert decode_image(encoded(extension), max_pixels=None).shape == (48, 64, 3)
    with pytest.raises(ImageDecodeError, match=r"48x64 \(h x w\), more than max_pixels=3071"):
        decode_image(encoded(extension), max_pixels=48 * 64 - 1)


@pytest.mark.parametrize("size", [(1, 1), (48, 64), (300, 7)])
@pytest.mark.parametrize(
    ("extension", "options"),
    [
        (".jpg", ()),
        (".jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".png", ()),
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 50)),
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101)),
        (".tiff", ()),
        pytest.param(
            ".gif",
            (),
            marks=pytest.mark.skipif(
                not cv2.haveImageWriter("a.gif"), reason="this OpenCV writes no GIF"
            ),
        ),
    ],
)
def test_headers_tell_the_size_that_is_decoded(
    extension: str, options: tuple[int, ...], size: tuple[int, int]
) -> None:
    image = np.full((*size, 3), 99, np.uint8)
    header = read_header(cv2.imencode(extension, image, options)[1].tobytes())
    assert header is not None
    assert header.upright() == size
    clear = cv2.imencode(".webp", np.dstack([image, image[..., :1]]))[1].tobytes()
    header = read_header(clear)
    assert header is not None
    assert (header.height, header.width) == size


_FIELD_TYPES = {"byte": 1, "short": 3, "long": 4}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", _FIELD_TYPES)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientations_are_read_as_opencv_reads_them(
    order: str, kind: str, orientation: int
) -> None:
    value = {"byte": "Bxxx", "short": "Hxx", "long": "I"}[kind]
    entry = struct.pack(f"{order}HHI{value}", 0x0112, _FIELD_TYPES[kind], 1, orientation)
    tiff = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, 1)
    body = b"Exif\x00\x00" + tiff + entry + bytes(4)
    jpeg = encoded(".jpg")
    data = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
    header = read_header(data)
    assert header is not None
    assert header.upright() == decode_image(data).shape[:2]


@pytest.mark.parametrize(("first", "second"), [(1, 6), (6, 1), (6, 8)])
def test_of_two_orientations_the_first_counts(first: int, second: int) -> None:
    data = with_exif(with_exif(encoded(".jpg"), second), first)
    header = read_header(data)
    assert header is not None
    assert header.upright() == decode_image(data).shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_upright_size_is_that_of_the_decoded_image(orientation: int) -> None:
    data = with_exif(encoded(".jpg"), orientation)
    header = read_header(data)
    assert header is not None
    assert header.orientation == orientation
    assert header.upright() == decode_image(data).shape[:2]


def with_checksums(png: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Make the checksums right, so that what was changed in the chunks is looked at."""
    data, position = bytearray(png.tobytes()), 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return np.frombuffer(bytes(data), np.uint8)


@pytest.mark.parametrize("extension", FORMATS)
def test_thousands_of_mutated_files_give_an_image_or_an_image_decode_error(
    extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    sound = np.frombuffer(encoded(extension), np.uint8)
    outcomes = {"image": 0, "error": 0}
    for _ in range(1500):
        data = sound.copy()
        for _ in range(random.integers(1, 6)):
            where = int(random.integers(len(data)))
            # Headers are short, and every byte of them matters.
            where = where if random.random() < 0.5 else where % 64
            match random.integers(4):
                case 0:
                    data[where] = random.integers(256)
                case 1:
                    data[where] ^= 1 << random.integers(8)
                case 2:
                    data = np.delete(data, slice(where, where + int(random.integers(1, 9))))
                case _:
                    data = np.insert(data, where, random.integers(0, 256, 4, np.uint8))
        if extension == ".png" and random.random() < 0.7:
            data = with_checksums(data)
        try:
            image = decode_image(data, max_pixels=1_000_000)
        except ImageDecodeError:
            outcomes["error"] += 1
        else:
            assert image.ndim == 3
            assert image.size > 0
            outcomes["image"] += 1
    # What the decoders print of it is not the tests' business.
    capfd.readouterr()
    assert outcomes["error"] > 10
    # Hardly a PNG survives: its data has a checksum of its own.
    assert outcomes["image"] > 10 or extension == ".png"


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


STARTS = [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"II*\x00", b"MM\x00+\x00\x08"]


@settings(max_examples=50)
@given(st.binary(max_size=200), st.sampled_from(STARTS))
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


@pytest.mark.parametrize(
    ("max_pixels", "error"),
    [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError), ("x", TypeError)],
)
def test_max_pixels_is_a_positive_int_or_none(max_pixels: Any, error: type[Exception]) -> None:
    _, png = cv2.imencode(".png", np.zeros((1, 1), np.uint8))
    with pytest.raises(error, match="decode_image: max_pixels must be"):
        decode_image(png, max_pixels=max_pixels)
    assert decode_image(png, max_pixels=1).shape == (1, 1, 3)


@pytest.mark.parametrize("keep_depth", [True, False])
@pytest.mark.parametrize("stored", [1, 3])
@pytest.mark.parametrize("channel", [1, 3])
def test_a_pfm_has_the_channels_that_were_asked_for(
    stored: int, channel: int, keep_depth: bool
) -> None:
    values = np.full((4, 6, 3)[: 2 + stored // 2], 50, np.float32)
    data = cv2.imencode(".pfm", values)[1].tobytes()
    image = decode_image(data, channel, keep_depth=keep_depth)
    assert image.shape == (4, 6, 3)[: 2 + channel // 2]
    assert image.dtype == (np.float32 if keep_depth else np.uint8)
    np.testing.assert_allclose(image, 50, atol=1e-5)


@pytest.mark.parametrize("stored", [1, 3])
@pytest.mark.parametrize("channel", [1, 3])
def test_a_deep_tiff_is_kept_as_it_is_or_refused(stored: int, channel: int) -> None:
    values = np.arange(72)[: 24 * stored].reshape((4, 6, 3)[: 2 + stored // 2]).astype(np.float32)
    data = cv2.imencode(".tiff", values, (cv2.IMWRITE_TIFF_COMPRESSION, 1))[1].tobytes()
    image = decode_image(data, channel)
    assert image.dtype == np.float32
    if channel == stored:
        np.testing.assert_array_equal(image, values)
    elif channel == 3:
        np.testing.assert_array_equal(image, np.dstack([values] * 3))
    else:
        np.testing.assert_allclose(image, values @ [0.114, 0.587, 0.299], atol=0.5)
    with pytest.raises(ImageDecodeError, match=r"keep_depth=True keeps them"):
        decode_image(data, channel, keep_depth=False)
