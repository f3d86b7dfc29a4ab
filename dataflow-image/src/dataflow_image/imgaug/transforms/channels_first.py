"""Move the channels to the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataflow_image.imgaug.spec import Image, ImageSpec, image_size
from dataflow_image.imgaug.transforms.photometric import StationaryTransform
from dataflow_image.imgaug.transforms.planes import write_planes

__all__ = ["ChannelsFirstTransform"]

_PLANE_NDIM = 2


@dataclass(frozen=True)
class ChannelsFirstTransform(StationaryTransform):
    """Lay an image out as (channels, height, width); masks keep their layout.

    All other transforms take the channels for the last axis, so it is the last one of its list.

    >>> ChannelsFirstTransform().apply_image(np.uint8([[[1, 2], [3, 4]]])).tolist()
    [[[1, 3]], [[2, 4]]]
    """

    def apply_image(self, img: Image) -> Image:
        """Return a C-contiguous (channels, height, width) copy of the same dtype."""
        image_size(img)
        result: Image = np.empty(*self.spec_after(ImageSpec.of(img)))
        write_planes(img, result)
        return result

    def spec_after(self, spec: ImageSpec) -> ImageSpec:
        """Return `spec` with the channels in front."""
        channels = spec.shape[2] if len(spec.shape) > _PLANE_NDIM else 1
        return ImageSpec((channels, *spec.shape[:2]), spec.dtype)
