"""Decode one component of every datapoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from dataflow_core import DataFlow, Datapoint
from dataflow_core.flow import Index, PointwiseFlow, component, with_component
from dataflow_image.located import checked_channel, decode_located

__all__ = ["DecodeImage"]


class DecodeImage(PointwiseFlow):
    """Turn the encoded image `dp[index]` into an array; the other components pass as they are.

    What is encoded comes as bytes, as a one-dimensional uint8 array of them, or as the path of a
    file; what comes out is uint8, (height, width, 3) in BGR order, or (height, width) for
    `channel=1`.

    Order: as `ds`. Duplicates, loss: none.

    Args:
        ds: the flow.
        index: position or key of the encoded image.
        channel: 3 for colour, 1 for grey; the image is converted if it differs.
        exif_orientation: turn images upright as their EXIF header says.

    Raises:
        ValueError: if `channel` is neither 1 nor 3.
        ImageDecodeError: while iterating, if data is broken; has `.position` and `.path`.
        ComponentError: while iterating, if a datapoint has no component `index`.
        OSError: while iterating, if a file cannot be read.
        TypeError: while iterating, if the component is none of the above.

    Example:
        >>> import cv2, numpy as np, dataflow_core as df
        >>> _, jpeg = cv2.imencode(".jpg", np.zeros((40, 60, 3), np.uint8))
        >>> flow = df.DataFromList([[jpeg.tobytes(), "black"]], shuffle=False)
        >>> [(image.shape, label) for image, label in DecodeImage(flow)]
        [((40, 60, 3), 'black')]
    """

    _draws: ClassVar[bool] = False
    _may_drop: ClassVar[bool] = False

    def __init__(
        self,
        ds: DataFlow,
        index: Index = 0,
        channel: int = 3,
        *,
        exif_orientation: bool = True,
    ) -> None:
        super().__init__(ds)
        self.index = index
        self.channel = checked_channel(channel, type(self).__name__)
        self.exif_orientation = bool(exif_orientation)

    def _call(self) -> Callable[[Datapoint], Datapoint]:
        index, channel, upright = self.index, self.channel, self.exif_orientation
        stage = type(self).__name__

        def call(dp: Datapoint) -> Datapoint:
            data = component(dp, index, stage)
            image = decode_located(data, channel, exif_orientation=upright)
            return with_component(dp, index, image)

        return call

    def _params(self) -> Mapping[str, object]:
        params: dict[str, object] = {"index": self.index, "channel": self.channel}
        if not self.exif_orientation:
            params["exif_orientation"] = False
        return params
