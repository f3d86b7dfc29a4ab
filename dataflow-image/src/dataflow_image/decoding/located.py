"""Decode images inside a flow, whose errors tell which datapoint it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dataflow_core.flow import position_at_hand
from dataflow_image.decoding.encoded import decode_image
from dataflow_image.errors import ImageDecodeError

__all__ = ["CHANNELS", "checked_channel", "decode_located", "located"]

CHANNELS = (1, 3)


def decode_located(data: Any, channel: int = 3) -> npt.NDArray[np.uint8]:
    """Decode to uint8 as `decode_image` does.

    Raises:
        ImageDecodeError: as `decode_image`, with the position of the datapoint at hand.
    """
    try:
        return decode_image(data, channel, keep_depth=False)
    except ImageDecodeError as error:
        raise located(error) from error.__cause__


def located(error: ImageDecodeError) -> ImageDecodeError:
    """Return the error with the position of the datapoint at hand, if there is one."""
    position = position_at_hand()
    if position is None:
        return error
    return ImageDecodeError(f"{error} (position {position})", path=error.path, position=position)


def checked_channel(channel: int, stage: str) -> int:
    """Return `channel`, or raise a ValueError unless it is 1 or 3."""
    if channel not in CHANNELS:
        raise ValueError(f"{stage}: channel must be 1 (grey) or 3 (BGR), got {channel!r}")
    return channel
