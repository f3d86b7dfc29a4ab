"""Apply operations on single values, on uint8 by one table of 256 entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec
from dataflow_image.imgaug.transforms.dtypes import require_uint8_or_float
from dataflow_image.imgaug.transforms.lookup import look_up
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.point_steps import PointStep

__all__ = ["PointTransform"]


_LEVELS = np.arange(256, dtype=np.float64)
_LEVELS.flags.writeable = False


@dataclass(frozen=True)
class PointTransform(StationaryTransform):
    """Apply operations on single values, one after the other.

    For a uint8 image they are one table, and each of them rounds; so a run of them costs as much
    as one, and gives the same as one by one. The values of float images are clipped to [0, 255]
    first.

    >>> from dataflow_image.imgaug.transforms.point_steps import PosterizeStep, SolarizeStep
    >>> both = PointTransform((PosterizeStep(1), SolarizeStep(128)))
    >>> both.apply_image(np.uint8([[100, 200]])).tolist()
    [[0, 127]]

    Attributes:
        steps: in the order in which they are applied.
    """

    steps: tuple[PointStep, ...]

    def apply_image(self, img: Image) -> Image:
        """Return the image with new values, of the same shape and dtype.

        Raises:
            TypeError: the image is neither uint8 nor float.
        """
        if img.dtype == np.uint8:
            return look_up(img, self._table())
        require_uint8_or_float(self, img)
        values = np.clip(img, 0.0, 255.0)
        for step in self.steps:
            values = step.apply(values)
        return values.astype(img.dtype, copy=False)

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` itself."""
        return spec

    def _table(self) -> Image:
        values: Image = _LEVELS
        for step in self.steps:
            values = np.rint(step.apply(values))
            # Half the time of np.clip, for so few values.
            values = np.minimum(np.maximum(values, 0.0), 255.0)
        return values.astype(np.uint8)
