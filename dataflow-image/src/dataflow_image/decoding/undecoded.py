"""JPEGs that are decoded when it is known how much of them is needed."""

from __future__ import annotations

from contextlib import suppress

import cv2
import numpy as np

from dataflow_core.flow import stage_before
from dataflow_image.decoding.encoded import MAX_PIXELS, EncodedImage, reduced_flags
from dataflow_image.decoding.jpeg import JpegRows, jpeg_rows
from dataflow_image.decoding.located import located
from dataflow_image.decoding.tiff import UPRIGHT
from dataflow_image.errors import ImageDecodeError
from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.undecoded import Undecoded

__all__ = ["LeftToNextStage", "UndecodedJpeg", "left_to_next_stage"]

_UINT8 = np.dtype(np.uint8)
_COLOR_CHANNELS = 3


class UndecodedJpeg(Undecoded):
    """A JPEG whose upper part can be decoded alone.

    Args:
        encoded: what to decode.
        jpeg: where in it is what.
        channel: 3 for colour, 1 for grey.
        factor: 1, 2, 4 or 8: by which the decoder shall scale down.
    """

    def __init__(
        self, encoded: EncodedImage, jpeg: JpegRows, channel: int, factor: int = 1
    ) -> None:
        axes = (_COLOR_CHANNELS,) if channel == _COLOR_CHANNELS else ()
        size = (-(-jpeg.height // factor), -(-jpeg.width // factor))
        super().__init__(ImageSpec((*size, *axes), _UINT8))
        self._encoded = encoded
        self._jpeg = jpeg
        self._channel = channel
        self._factor = factor

    @classmethod
    def of(
        cls,
        encoded: EncodedImage,
        channel: int,
        *,
        exif_orientation: bool,
        max_pixels: int | None = None,
        factor: int = 1,
    ) -> UndecodedJpeg | None:
        """Return the image if it can be left undecoded: as a sound JPEG can that is upright.

        Raises:
            ImageDecodeError: it is too large.
        """
        jpeg = jpeg_rows(encoded.data)
        if jpeg is None or (exif_orientation and jpeg.orientation != UPRIGHT):
            return None
        encoded.refuse_large(jpeg.height, jpeg.width, max_pixels)
        return cls(encoded, jpeg, channel, factor)

    def _decode(self, rows: int) -> Image:
        upper = self._jpeg.down_to(rows * self._factor)
        if upper is not None:
            flags = reduced_flags(self._channel, self._factor) | cv2.IMREAD_IGNORE_ORIENTATION
            # What the decoder makes of damage is for the decoder to say, when it sees the whole.
            with suppress(cv2.error):
                image = cv2.imdecode(upper, flags)
                if image is not None:
                    return image
        return self._encoded.decode_reduced(self._channel, self._factor, exif_orientation=False)


class LeftToNextStage(UndecodedJpeg):
    """Likewise, handed on by one stage and decoded by the next in its name."""

    def _decode(self, rows: int) -> Image:
        with stage_before():
            try:
                return super()._decode(rows)
            except ImageDecodeError as error:
                raise located(error) from error.__cause__


def left_to_next_stage(path: str) -> Image | Undecoded:
    """Return the uint8 colour image in a file, undecoded if that is possible.

    Raises:
        ImageDecodeError: as `decode_image`, with the position of the datapoint at hand.
        OSError: the file cannot be read.
    """
    encoded = EncodedImage.read(path)
    try:
        left = LeftToNextStage.of(
            encoded, _COLOR_CHANNELS, exif_orientation=True, max_pixels=MAX_PIXELS
        )
        if left is not None:
            return left
        encoded.check(MAX_PIXELS)
        return encoded.decode(_COLOR_CHANNELS, keep_depth=False, max_pixels=MAX_PIXELS)
    except ImageDecodeError as error:
        raise located(error) from error.__cause__
