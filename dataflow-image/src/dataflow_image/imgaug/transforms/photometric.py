"""Transforms that change values and move nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dataflow_core.flow import identify
from dataflow_image.imgaug import arguments
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.transform import (
    Coords,
    NoOpTransform,
    Transform,
    as_points,
)

__all__ = ["PhotometricTransform", "StationaryTransform"]


class StationaryTransform(Transform):
    """The base of transforms under which every pixel stays where it is."""

    def apply_coords(self, coords: Coords) -> Coords:
        """Return the points unchanged."""
        return as_points(coords)

    def apply_mask(self, mask: Image) -> Image:
        """Return `mask` itself."""
        return mask

    def inverse(self) -> Transform:
        """Return a NoOpTransform: nothing has moved."""
        return NoOpTransform()


@dataclass(frozen=True, repr=False)
class PhotometricTransform(StationaryTransform):
    """Give the image to a function that changes its values only.

    >>> import numpy as np
    >>> PhotometricTransform(np.invert, name="Invert")
    Invert

    Attributes:
        func: takes an image and returns a new one, of the same height and width. It must not write
            to its argument. To be pickled, the transform needs a function that can be.
        name: what `repr` says.
    """

    func: Callable[[Image], Image]
    name: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be called."""
        arguments.function("PhotometricTransform", "func", self.func)

    def __repr__(self) -> str:
        """Return the name, or the function's."""
        return self.name or f"PhotometricTransform({identify(self.func)})"

    def apply_image(self, img: Image) -> Image:
        """Return what the function returns."""
        return self.func(img)
