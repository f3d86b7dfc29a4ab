"""Of an animated PNG the still image is decoded, with all that is checked in a PNG."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dataflow_image.decoding import decode_image
from dataflow_image.decoding.png import png_chunks, still_png
from dataflow_image.errors import ImageDecodeError

HEIGHT, WIDTH = 97, 131
PICTURE: npt.NDArray[np.uint8] = np.random.default_rng(0).integers(
    0, 256, (HEIGHT, WIDTH, 3), np.uint8
)
PNG: bytes = cv2.imencode(".png", PICTURE)[1].tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def frame_control(number: int) -> bytes:
    return chunk(b"fcTL", struct.pack(">5I2H2B", number, WIDTH, HEIGHT, 0, 0, 1, 9, 0, 0))


def pixels(image: npt.NDArray[np.uint8], rows: int = HEIGHT) -> bytes:
    """Return what IDAT holds of the upper rows of an image, unfiltered."""
    return zlib.compress(b"".join(b"\x00" + row.tobytes() for row in image[:rows, :, ::-1]))


def animated(rows: int = HEIGHT, *, still_is_a_frame: bool = True) -> bytes:
    """Return a picture that is followed by its negative; `rows` of the first are there."""
    header = chunk(b"IHDR", struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
    frames = [chunk(b"acTL", struct.pack(">2I", 1 + still_is_a_frame, 0))]
    if still_is_a_frame:
        frames.append(frame_control(0))
    frames += [
        chunk(b"IDAT", pixels(PICTURE, rows)),
        frame_control(int(still_is_a_frame)),
        chunk(b"fdAT", struct.pack(">I", 1 + still_is_a_frame) + pixels(~PICTURE)),
    ]
    return PNG[:8] + header + b"".join(frames) + chunk(b"IEND", b"")


@pytest.mark.parametrize("still_is_a_frame", [True, False])
def test_the_still_image_is_decoded(still_is_a_frame: bool) -> None:
    data = animated(still_is_a_frame=still_is_a_frame)
    np.testing.assert_array_equal(decode_image(data), PICTURE)


@pytest.mark.parametrize("rows", [0, 1, HEIGHT // 2, HEIGHT - 1])
def test_rows_that_are_missing_are_an_error(rows: int) -> None:
    with pytest.raises(ImageDecodeError, match="cannot read"):
        decode_image(animated(rows))


def test_nothing_of_the_animation_is_left() -> None:
    kinds = [kind for kind, _, _ in png_chunks(still_png(animated()))]
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


@pytest.mark.parametrize(
    "data",
    [PNG, PNG[:40], PNG[:8], b"", b"\xff\xd8acTL", PNG + chunk(b"acTL", bytes(8))],
    ids=["png", "cut off", "signature", "nothing", "jpeg", "behind the image"],
)
def test_all_else_is_left_alone(data: bytes) -> None:
    assert still_png(data) is data


def test_an_animation_may_be_cut_off_anywhere() -> None:
    data = animated()
    for end in range(0, len(data), 7):
        with pytest.raises(ImageDecodeError):
            decode_image(data[:end])
