"""Decode the bytes of an image file into an array, or say precisely why that is impossible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.errors import ImageDecodeError
from dataflow_image.truncation import missing_end

__all__ = ["ImageData", "decode_image"]

ImageData: TypeAlias = "bytes | bytearray | memoryview | npt.NDArray[Any] | str | os.PathLike[str]"

_FLAGS = {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}


def decode_image(
    data: ImageData, channel: int = 3, *, exif_orientation: bool = True
) -> npt.NDArray[np.uint8]:
    """Decode one image.

    >>> import cv2, numpy as np
    >>> _, png = cv2.imencode(".png", np.full((4, 6, 3), 7, np.uint8))
    >>> decode_image(png.tobytes()).shape
    (4, 6, 3)
    >>> decode_image(png, channel=1).shape
    (4, 6)

    Args:
        data: the encoded bytes, a one-dimensional uint8 array of them, or the path of a file.
        channel: 3 for a colour image, 1 for a grey one; the file is converted if it differs.
        exif_orientation: turn the image upright as its EXIF header says.

    Returns:
        uint8, (height, width, 3) in BGR order, or (height, width) for `channel=1`. Deeper images
        are brought down to 8 bits; transparency is dropped.

    Raises:
        ImageDecodeError: the data is empty, cut off, or no image that OpenCV can read.
        OSError: the file cannot be read.
        TypeError: `data` is none of the above.
        ValueError: `channel` is neither 1 nor 3.
    """
    if channel not in _FLAGS:
        raise ValueError(f"decode_image: channel must be 1 (grey) or 3 (BGR), got {channel!r}")
    flags = _FLAGS[channel]
    if not exif_orientation:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    encoded, path = _read(data)
    if not encoded:
        raise _error(encoded, path, "there are no bytes at all")
    missing = missing_end(encoded)
    if missing is not None:
        raise _error(encoded, path, f"the data is cut off: {missing} is missing")
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    except cv2.error as error:
        raise _error(encoded, path, f"OpenCV gave up on it: {error}") from error
    if image is None:
        raise _error(encoded, path, f"OpenCV cannot read it; it begins with {encoded[:8]!r}")
    return image  # type: ignore[return-value]  # OpenCV's stubs know no dtype


def _read(data: ImageData) -> tuple[bytes, str | None]:
    if isinstance(data, (str, os.PathLike)):
        return Path(data).read_bytes(), os.fspath(data)
    if isinstance(data, np.ndarray):
        if data.dtype != np.uint8 or data.ndim != 1:
            raise TypeError(
                "decode_image: encoded bytes come as a one-dimensional uint8 array, got shape "
                f"{data.shape} of {data.dtype}; is the image decoded already?"
            )
        return data.tobytes(), None
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), None
    raise TypeError(
        f"decode_image: expected bytes, a uint8 array or a path, got {type(data).__name__}"
    )


def _error(encoded: bytes, path: str | None, cause: str) -> ImageDecodeError:
    what = f"{len(encoded)} bytes" if path is None else f"{path!r} ({len(encoded)} bytes)"
    return ImageDecodeError(
        f"cannot decode {what} as an image: {cause}. "
        "Fetch or write the data again, or leave this datapoint out.",
        path=path,
    )
