"""Apply any run of affine colour operations in one pass over the image."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.color_steps import ColorStep, compose
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.lookup import is_fast, look_up
from dataflow_image.imgaug.transforms.photometric import StationaryTransform

__all__ = ["ColorTransform"]

_COLOR_CHANNELS = 3
_UINT8, _FLOAT16 = np.dtype(np.uint8), np.dtype(np.float16)

# All values of uint8, as images of one and of three channels.
_RAMPS = {
    channels: np.repeat(np.arange(256, dtype=np.uint8), channels).reshape(1, 256, channels)
    for channels in (1, _COLOR_CHANNELS)
}

_ROWS = struct.Struct("12d")

# Rows of a map that act alike on a grey pixel agree to within this, rounding aside.
_GREY_TOLERANCE = 1e-6


@dataclass(frozen=True)
class ColorTransform(StationaryTransform):
    """Apply colour operations as the one 3x4 map that they amount to.

    Nothing is rounded or clipped between the steps: once, at the end, a uint8 image is rounded and
    saturated, and a float image clipped to [0, 255] if `clip`. Results differ by that, and by at
    most one more unit of rounding in uint8, from steps that are applied singly.

    Grey images (one channel) are treated as colour images whose channels are equal.

    >>> from dataflow_image.imgaug.transforms.color_steps import brightness, shift
    >>> brighter = ColorTransform((brightness(1.5), shift((1, 1, 1))))
    >>> brighter.apply_image(np.full((1, 1, 3), 100, np.uint8)).tolist()
    [[[151, 151, 151]]]

    Attributes:
        steps: in the order in which they are applied.
        clip: clip float images, too. Only a transform without it fuses with the next one.
    """

    steps: tuple[ColorStep, ...]
    clip: bool = True

    def apply_image(self, img: Image) -> Image:
        """Return the image with new colours, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
            ValueError: it has neither one nor three channels, or has one and a step treats the
                channels differently.
        """
        result: Image = np.empty(*self.spec_for(img))
        self.write(img, result)
        return result

    def spec_for(self, img: Image) -> ImageSpec:
        """Describe the result for `img`: it is alike.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        image_size(img)
        require_uint8_or_float(self, img)
        return ImageSpec.of(img)

    def write(self, img: Image, out: Image) -> None:
        """Write the result into `out`, a C-contiguous array of the image's shape and dtype.

        Raises:
            ValueError: as `apply_image`.
        """
        dtype = img.dtype
        if dtype == _FLOAT16:
            out[...] = self.apply_image(img.astype(np.float32))
            return
        matrix = self._matrix(img)
        if dtype == _UINT8 and is_fast() and _is_one_function(matrix):
            ramp = cv2.transform(_RAMPS[len(matrix)], matrix)
            look_up(img, ramp.reshape(256, -1)[:, 0].copy(), out)
            return
        cv2.transform(img, matrix, out)
        if self.clip and dtype != _UINT8:
            np.clip(out, 0, 255, out=out)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec

    def _matrix(self, img: Image) -> npt.NDArray[np.float64]:
        """Return 3x4, or 1x2 for a grey image."""
        channels = channel_count(img)
        if channels not in (1, _COLOR_CHANNELS):
            raise ValueError(f"colour operations need one or three channels, got {channels}")
        mean = (0.0, 0.0, 0.0)
        if [step for step in self.steps if step.needs_mean]:
            first, second, third, _ = cv2.mean(img)
            mean = (first, second, third) if channels > 1 else (first, first, first)
        one, two, three = compose(self.steps, mean)
        # In half the time of np.array, which looks for the shape first.
        rows = np.frombuffer(_ROWS.pack(*one, *two, *three)).reshape(3, 4)
        if channels > 1:
            return rows
        grey = np.column_stack([rows[:, :3].sum(axis=1), rows[:, 3]])
        if np.ptp(grey, axis=0).max() > _GREY_TOLERANCE * max(1.0, float(np.abs(grey).max())):
            raise ValueError(
                f"{self!r} treats the channels differently and cannot be applied to a grey image"
            )
        return grey[:1]


def _is_one_function(matrix: npt.NDArray[np.float64]) -> bool:
    """Tell whether all channels are mapped by one function, and each from itself alone."""
    if len(matrix) == 1:
        return True
    if matrix.item(1):
        return False
    (a, b, c, shift), (d, e, f, shift_2), (g, h, i, shift_3) = matrix.tolist()
    return a == e == i and shift == shift_2 == shift_3 and not (b or c or d or f or g or h)
