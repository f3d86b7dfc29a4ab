"""Affine warps: rotation, shift, shear, scale."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec, channel_count, image_size
from dataflow_image.imgaug.transforms.pixel_moves import keep_axes, move_bits, sampled
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points, in_double

__all__ = ["WarpAffineTransform"]

# In warps one is the other.
_LINEAR = (cv2.INTER_LINEAR, cv2.INTER_AREA)


@dataclass(frozen=True)
class WarpAffineTransform(Transform):
    """Warp an image by an affine map of pixel indices, as `cv2.warpAffine` does.

    uint8, uint16 and floats are sampled linearly at the very places that the matrix tells, float64
    in single precision. OpenCV rounds places to 1/32 pixel for int16, for cubics and for Lanczos;
    versions before 5.0 may do so for all.

    >>> shift = WarpAffineTransform([[1, 0, 5], [0, 1, 0]], (20, 10))
    >>> shift.apply_coords(np.array([[1.0, 2.0]]))
    array([[6., 2.]])

    Attributes:
        mat: 2x3, maps the indices (x, y, 1) of a source pixel to those of the result.
        dsize: (width, height) of the result, in pixels, in OpenCV's order.
        interp: OpenCV's interpolation for images; masks always take the nearest pixel.
        borderMode: OpenCV's way to fill what lies outside of the source.
        borderValue: the fill of an image under BORDER_CONSTANT, a number or one per channel;
            masks are filled with zero.
    """

    mat: npt.ArrayLike
    dsize: tuple[int, int]
    interp: int = cv2.INTER_LINEAR
    borderMode: int = cv2.BORDER_CONSTANT  # noqa: N815  # OpenCV's names, which users know
    borderValue: float | Sequence[float] = 0.0  # noqa: N815

    def __post_init__(self) -> None:
        """Bring all into plain numbers and tuples, so that transforms compare by value.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: the matrix or the size cannot be, or OpenCV's constants are unknown or no
                warp's; flags such as WARP_INVERSE_MAP are refused.
        """
        matrix = np.asarray(self.mat, np.float64)
        if matrix.shape != (2, 3):
            raise ValueError(f"WarpAffineTransform: mat must be 2x3, got shape {matrix.shape}")
        rows = tuple(map(tuple, matrix.tolist()))
        # One is made for each image, and all numbers are finite where their sum is.
        if not math.isfinite(sum(map(sum, rows))):
            raise ValueError(f"WarpAffineTransform: mat must be finite, got {rows}")
        object.__setattr__(self, "mat", rows)
        if type(self.dsize) is not tuple or tuple(map(type, self.dsize)) != (int, int):
            object.__setattr__(self, "dsize", _size(self.dsize))
        if min(self.dsize) <= 0:
            raise ValueError(f"WarpAffineTransform: dsize must be positive, got {self.dsize!r}")
        if type(self.interp) is not int or self.interp not in arguments.INTERPOLATIONS_OF_WARPS:
            interp = arguments.interpolation("WarpAffineTransform", self.interp, warps=True)
            object.__setattr__(self, "interp", interp)
        if type(self.borderMode) is not int or self.borderMode not in arguments.BORDERS:
            border = arguments.border("WarpAffineTransform", self.borderMode, "borderMode")
            object.__setattr__(self, "borderMode", border)
        if type(self.borderValue) is not float:
            object.__setattr__(self, "borderValue", _fill(self.borderValue))

    def apply_image(self, img: Image) -> Image:
        """Return the warped image."""
        return self._warp(img, self.interp, self.borderValue)

    def apply_coords(self, coords: Coords) -> Coords:
        """Map the points; the half pixel between indices and continuous points is seen to."""
        given = as_points(coords)
        points = in_double(given)
        matrix = np.asarray(self.mat, points.dtype)
        moved: Coords = (points - 0.5) @ matrix[:, :2].T + (matrix[:, 2] + 0.5)
        return moved.astype(given.dtype, copy=False)

    def apply_mask(self, mask: Image) -> Image:
        """Return the warped mask, each pixel that of the nearest centre, zero outside."""
        return move_bits(mask, lambda bits: self._warp(bits, cv2.INTER_NEAREST, 0.0))

    def inverse(self) -> WarpAffineTransform:
        """Return the inverse warp, whose result is of the size of this one's.

        Raises:
            NotImplementedError: the matrix is singular.
        """
        matrix = np.asarray(self.mat, np.float64)
        if abs(np.linalg.det(matrix[:, :2])) < np.finfo(np.float64).tiny:
            raise NotImplementedError(f"{self!r} has no inverse: its matrix is singular")
        linear = np.linalg.inv(matrix[:, :2])
        back = np.column_stack([linear, -linear @ matrix[:, 2]])
        return dataclasses.replace(self, mat=back)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` at the size of the result."""
        return spec.resized(self.dsize[1], self.dsize[0])

    def _warp(self, img: Image, interp: int, fill: float | Sequence[float]) -> Image:
        size = image_size(img)
        shift = self._shift_of(*size)
        if self.borderMode == cv2.BORDER_REFLECT_101 and 1 in size:
            img = _with_two_lines(img)
        if img.dtype.char == "d" and shift is None and interp in _LINEAR:
            # In double precision OpenCV rounds the places that it samples to 1/32 pixel. ("d" is
            # float64 in either byte order.)
            return self._warp(img.astype(np.float32), interp, fill).astype(np.float64)
        # OpenCV reads a bare number as the first channel's value, and fills others with zero.
        fills = tuple(fill) if isinstance(fill, Sequence) else (fill,) * max(4, channel_count(img))

        def warp(part: Image, first: int) -> Image:
            value = fills[first : first + 4]
            if shift is not None:
                return _shifted(part, *shift, self.borderMode, value)
            return cv2.warpAffine(
                part,
                np.asarray(self.mat),
                self.dsize,
                flags=interp,
                borderMode=self.borderMode,
                borderValue=value,
            )

        return keep_axes(sampled(img, warp), img)

    def _shift_of(self, h: int, w: int) -> tuple[int, int] | None:
        """Return (dx, dy) if the warp shifts an image of (h, w) by whole pixels within its frame.

        That is copying, and some twenty times as fast as sampling.
        """
        (a, b, dx), (c, d, dy) = np.asarray(self.mat).tolist()
        if (a, b, c, d) != (1.0, 0.0, 0.0, 1.0) or dx != int(dx) or dy != int(dy):
            return None
        # Other borders show what the shift pushes out of the frame.
        if self.borderMode not in (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE):
            return None
        within = self.dsize == (w, h) and abs(dx) < w and abs(dy) < h
        return (int(dx), int(dy)) if within else None


def _size(dsize: object) -> tuple[int, int]:
    """Return (width, height) as ints."""
    w, h = arguments.pair("WarpAffineTransform", "dsize", dsize, "(width, height)")
    return (
        arguments.integer("WarpAffineTransform", "dsize", w),
        arguments.integer("WarpAffineTransform", "dsize", h),
    )


def _fill(value: object) -> float | tuple[float, ...]:
    """Return a number or one per channel as floats, which need not be finite."""
    fill = np.asarray(value)
    if fill.dtype.kind not in "iuf" or fill.ndim > 1 or not fill.size:
        raise TypeError(
            f"WarpAffineTransform: borderValue must be a number or one per channel, got {value!r}"
        )
    return tuple(map(float, fill)) if fill.ndim else float(fill)


def _with_two_lines(img: Image) -> Image:
    """Repeat an only row and an only column, which are what they are reflected as.

    OpenCV 5.0's cubics look for the reflection of one line for ever.
    """
    h, w = image_size(img)
    return img.repeat(1 + (h == 1), axis=0).repeat(1 + (w == 1), axis=1)


def _shifted(img: Image, dx: int, dy: int, border: int, value: tuple[float, ...]) -> Image:
    h, w = img.shape[:2]
    left, right, top, bottom = max(0, dx), max(0, -dx), max(0, dy), max(0, -dy)
    kept = img[bottom : h - top, right : w - left]
    return cv2.copyMakeBorder(kept, top, bottom, left, right, border, value=value)
