"""Fill a window."""

from __future__ import annotations

from dataclasses import dataclass

from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.rounding import to_fill

__all__ = ["CutoutTransform"]


@dataclass(frozen=True)
class CutoutTransform(StationaryTransform):
    """Fill the window of (h, w) whose upper left pixel is (y0, x0). Masks stay as they are.

    >>> import numpy as np
    >>> CutoutTransform(0, 1, 1, 2, 9.0).apply_image(np.uint8([[1, 2, 3, 4]])).tolist()
    [[1, 9, 9, 4]]

    Attributes:
        y0: first row, in pixels.
        x0: first column, in pixels.
        h: height of the window, in pixels.
        w: width of the window, in pixels.
        fill: the new value, or one per channel; rounded and clipped where the image holds ints.
    """

    y0: int
    x0: int
    h: int
    w: int
    fill: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no int, and a fill that is neither a number nor one per channel."""
        if not (type(self.y0) is type(self.x0) is type(self.h) is type(self.w) is int):
            arguments.settle(self, arguments.integer, "y0", "x0", "h", "w")
        if type(self.fill) is not float:
            arguments.settle(self, arguments.pixel_value, "fill")

    def apply_image(self, img: Image) -> Image:
        """Return a copy with the window filled."""
        result = img.copy()
        window = result[self.y0 : self.y0 + self.h, self.x0 : self.x0 + self.w]
        window[...] = to_fill(self.fill, img.dtype)
        return result

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec
