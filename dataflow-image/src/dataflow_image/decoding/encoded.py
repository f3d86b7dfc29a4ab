"""Decode the bytes of an image file into an array, or say precisely why that is impossible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.decoding.channels import with_channels
from dataflow_image.decoding.header import ImageHeader, read_header
from dataflow_image.decoding.png import still_png
from dataflow_image.decoding.tiff import TIFF_STARTS, unturned_tiff
from dataflow_image.decoding.truncation import missing_end
from dataflow_image.errors import ImageDecodeError
from dataflow_image.imgaug import arguments

__all__ = ["MAX_PIXELS", "EncodedImage", "ImageData", "decode_image", "reduced_flags"]

ImageData: TypeAlias = "bytes | bytearray | memoryview | npt.NDArray[Any] | str | os.PathLike[str]"

MAX_PIXELS: Final = 178_956_970
"""What is refused unless asked for: half a gigabyte of BGR, Pillow's limit for such files too."""

_FLAGS = {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}
_REDUCED_FLAGS = {
    (1, 2): cv2.IMREAD_REDUCED_GRAYSCALE_2,
    (1, 4): cv2.IMREAD_REDUCED_GRAYSCALE_4,
    (1, 8): cv2.IMREAD_REDUCED_GRAYSCALE_8,
    (3, 2): cv2.IMREAD_REDUCED_COLOR_2,
    (3, 4): cv2.IMREAD_REDUCED_COLOR_4,
    (3, 8): cv2.IMREAD_REDUCED_COLOR_8,
}


def decode_image(
    data: ImageData,
    channel: int = 3,
    *,
    exif_orientation: bool = True,
    keep_depth: bool = True,
    max_pixels: int | None = MAX_PIXELS,
) -> npt.NDArray[Any]:
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
        keep_depth: return values as they are stored: 16 bits as uint16, other ints and floats as
            what they are. Else all are brought down to uint8, but for files whose ints or floats
            have 32 bits or more: a TIFF of these is refused, and floats of a PFM are rounded and
            cut off at 0 and 255.
        max_pixels: refuse larger images; where the header tells the size, before they are decoded.
            None refuses none.

    Returns:
        (height, width, 3) in BGR order, or (height, width) for `channel=1`; uint8, unless the
        image is deeper. Transparency is dropped. Of an animated PNG it is the still image.

    Raises:
        ImageDecodeError: the data is empty, cut off, too large, or no image that OpenCV can read;
            or its values do not go into uint8, and `keep_depth` is False.
        OSError: the file cannot be read.
        TypeError: `data` is none of the above, or `max_pixels` no int.
        ValueError: `channel` is neither 1 nor 3, or `max_pixels` is not positive.
    """
    if channel not in _FLAGS:
        raise ValueError(f"decode_image: channel must be 1 (grey) or 3 (BGR), got {channel!r}")
    if max_pixels is not None:
        max_pixels = arguments.positive_int("decode_image", "max_pixels", max_pixels)
    encoded = EncodedImage.read(data)
    encoded.check(max_pixels)
    return encoded.decode(
        channel, exif_orientation=exif_orientation, keep_depth=keep_depth, max_pixels=max_pixels
    )


def reduced_flags(channel: int, factor: int) -> int:
    """Return OpenCV's flags for an image of 1 / factor of its size; factor is 1, 2, 4 or 8."""
    return _FLAGS[channel] if factor == 1 else _REDUCED_FLAGS[channel, factor]


class EncodedImage(NamedTuple):
    """The bytes of an image, and where they come from.

    Attributes:
        data: as in the file.
        path: of the file, or None.
    """

    data: bytes
    path: str | None = None

    @classmethod
    def read(cls, data: ImageData) -> EncodedImage:
        """Take bytes of any kind, or read a file.

        Raises:
            OSError: the file cannot be read.
            TypeError: `data` is neither bytes nor a path.
        """
        if isinstance(data, bytes):
            return cls(data)
        if isinstance(data, np.ndarray):
            if data.dtype != np.uint8 or data.ndim != 1:
                raise TypeError(
                    "decode_image: encoded bytes come as a one-dimensional uint8 array, got shape "
                    f"{data.shape} of {data.dtype}; is the image decoded already?"
                )
            return cls(data.tobytes())
        if isinstance(data, (bytearray, memoryview)):
            return cls(bytes(data))
        if isinstance(data, (str, os.PathLike)):
            return cls(Path(data).read_bytes(), os.fspath(data))
        raise TypeError(
            f"decode_image: expected bytes, a uint8 array or a path, got {type(data).__name__}"
        )

    def check(self, max_pixels: int | None) -> ImageHeader | None:
        """Return the header, None if the format is not one of those whose headers are known.

        Raises:
            ImageDecodeError: the data is empty, cut off, or says that the image is too large.
        """
        if not self.data:
            raise self.error("there are no bytes at all")
        header = read_header(self.data)
        if header is not None:
            self.refuse_large(header.height, header.width, max_pixels)
        missing = missing_end(self.data)
        if missing is not None:
            raise self.error(f"the data is cut off: {missing} is missing")
        return header

    def decode(
        self,
        channel: int,
        *,
        exif_orientation: bool = True,
        keep_depth: bool = True,
        max_pixels: int | None = None,
    ) -> npt.NDArray[Any]:
        """Decode all of it; the arguments are those of `decode_image`.

        Raises:
            ImageDecodeError: OpenCV cannot read the data, or the image is too large.
        """
        flags = _FLAGS[channel] | (cv2.IMREAD_ANYDEPTH if keep_depth else 0)
        image = self._decode(flags, channel, exif_orientation=exif_orientation)
        self.refuse_large(image.shape[0], image.shape[1], max_pixels)
        return image

    def decode_reduced(
        self, channel: int, factor: int, *, exif_orientation: bool = True
    ) -> npt.NDArray[Any]:
        """Decode at a fraction 1 / factor of its size, uint8; factor is 1, 2, 4 or 8.

        Raises:
            ImageDecodeError: OpenCV cannot read the data.
        """
        flags = reduced_flags(channel, factor)
        return self._decode(flags, channel, exif_orientation=exif_orientation)

    def _decode(self, flags: int, channel: int, *, exif_orientation: bool) -> npt.NDArray[Any]:
        data, as_stored = still_png(self.data), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
        if not exif_orientation:
            flags |= cv2.IMREAD_IGNORE_ORIENTATION
            as_stored |= cv2.IMREAD_IGNORE_ORIENTATION
            data = unturned_tiff(data)
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
            if image is None and data.startswith(TIFF_STARTS):
                # Ints and floats of 32 bits and more OpenCV gives only as they are.
                image = cv2.imdecode(np.frombuffer(data, np.uint8), as_stored)
        except cv2.error as error:
            raise self.error(f"OpenCV gave up on it: {error}") from error
        if image is None:
            raise self.error(f"OpenCV cannot read it; it begins with {self.data[:8]!r}")
        if image.dtype != np.uint8 and not flags & cv2.IMREAD_ANYDEPTH:
            raise self.error(
                f"its values are {image.dtype}, which cannot be brought down to uint8: "
                "keep_depth=True keeps them"
            )
        return with_channels(image, channel)

    def refuse_large(self, height: int, width: int, max_pixels: int | None) -> None:
        """Raise an ImageDecodeError for an image of more than `max_pixels`, unless that is None."""
        if max_pixels is not None and height * width > max_pixels:
            raise self.error(
                f"it is {height}x{width} (h x w), more than max_pixels={max_pixels} in all"
            )

    def error(self, cause: str) -> ImageDecodeError:
        """Return the error that names these bytes."""
        size = f"{len(self.data)} bytes"
        what = size if self.path is None else f"{self.path!r} ({size})"
        return ImageDecodeError(
            f"cannot decode {what} as an image: {cause}. "
            "Fetch or write the data again, or leave this datapoint out.",
            path=self.path,
        )
