"""The augmentor that changes the layout."""

from __future__ import annotations

from dataflow_image.imgaug.augmentor import ImageAugmentor
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms import ChannelsFirstTransform

__all__ = ["ChannelsFirst"]


class ChannelsFirst(ImageAugmentor):
    """Lay images out as (channels, height, width), as PyTorch wants them; batches become NCHW.

    It comes last in a list, since all other augmentors take the channels for the last axis. Behind
    ToFloat32 and Normalize all of them are one pass. Grey images get an axis of one channel;
    points, boxes and masks stay as they are.

    >>> import numpy as np
    >>> from dataflow_image.imgaug import AugmentorList, Normalize
    >>> last = AugmentorList([Normalize(mean=128, std=64), ChannelsFirst()])
    >>> last.augment(np.zeros((20, 30, 3), np.uint8)).shape
    (3, 20, 30)
    """

    reads_pixels = False

    def get_transform(self, img: Image) -> ChannelsFirstTransform:
        """Return the change of layout."""
        return ChannelsFirstTransform()
