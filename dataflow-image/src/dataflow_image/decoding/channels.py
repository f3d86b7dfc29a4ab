"""Bring a decoded image to the channels that were asked for, where OpenCV has not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["with_channels"]

_COLOR_CHANNELS = 3
_NDIMS = {1: 2, _COLOR_CHANNELS: 3}

# Of blue, green and red in luma: ITU-R BT.601, which OpenCV converts by, too.
_WEIGHTS = (0.114, 0.587, 0.299)


def with_channels(image: npt.NDArray[Any], channel: int) -> npt.NDArray[Any]:
    """Return (height, width) for `channel=1`, (height, width, 3) BGR for `channel=3`.

    >>> with_channels(np.full((1, 2, 3), 40, np.int32), 1).tolist()
    [[40, 40]]
    >>> with_channels(np.full((1, 1), 40.0), 3).tolist()
    [[[40.0, 40.0, 40.0]]]

    Args:
        image: (height, width), grey, or (height, width, 3), BGR, of any dtype, which is kept; the
            image itself is returned if it is what was asked for.
        channel: 1 or 3.
    """
    if image.ndim == _NDIMS[channel]:
        return image
    if channel == _COLOR_CHANNELS:
        return np.repeat(image[:, :, np.newaxis], _COLOR_CHANNELS, axis=2)
    grey: npt.NDArray[np.float64] = image @ np.array(_WEIGHTS)
    if np.issubdtype(image.dtype, np.integer):
        grey = np.rint(grey)
    return grey.astype(image.dtype)
